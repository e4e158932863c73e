"""``watch``: being told what happens to searches that one has left alone."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Annotated, Final

import msgspec
import typer
from msgspec.structs import replace

from bertcl_tui.cli.following import INTERRUPTED, rest
from bertcl_tui.cli.output import print_line, say
from bertcl_tui.cli.parameters import Offer, Store, names_in, offer_studies, offer_words
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.news.channels import ChannelError
from bertcl_tui.news.events import News, Scene, facts_of, is_over
from bertcl_tui.news.herald import Herald, Lookout
from bertcl_tui.news.rules import ARENA, KINDS, Rule, budgets_of, check_rule, read_kinds
from bertcl_tui.news.sending import Post, sample_news, told
from bertcl_tui.news.terminal import all_channels_of
from bertcl_tui.settings import read_settings, settings_file
from bertcl_tui.store.study_rows import StudyRow
from engine.errors import StorageError, UsageError, unknown_name
from engine.store.connection import DEFAULT_STORE

_LAST_TRIES: Final = 3
_OF_COMMAND_LINE: Final = "the command line"
_COMMA: Final = ","

Studies = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[STUDY]...",
        help="Names of studies, or how they begin; arena for its runs. None: all that is under "
        "way, and what comes to be.",
        autocompletion=offer_studies,
    ),
]


def _offer_kinds(incomplete: str) -> Offer:
    *earlier, begun = incomplete.split(_COMMA)
    before = "".join(f"{kind}{_COMMA}" for kind in earlier)
    offered = offer_words(KINDS)(begun)
    return [(f"{before}{kind}", said) for kind, said in offered if kind not in earlier]


On = Annotated[
    str,
    typer.Option(
        metavar="KINDS",
        help=f"What is told, with commas: {', '.join(KINDS)}, budget=40 (trials) or budget=6h "
        "(hours of workers). By default everything.",
        show_default=False,
        autocompletion=_offer_kinds,
    ),
]
RuleName = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="NAME",
        help="Follow this rule of the settings, switched on or not; may be given again.",
        show_default=False,
    ),
]
Bell = Annotated[bool, typer.Option("--bell", help="Ring the terminal's bell.")]
OnDesktop = Annotated[
    bool, typer.Option("--desktop", help="Show it on the desktop, by the terminal or a program.")
]
WebhookUrl = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Post it there as JSON; $NAME stands for a variable, which keeps the URL out of the "
        "list of processes.",
        show_default=False,
    ),
]
CommandLine = Annotated[
    str,
    typer.Option(
        metavar="COMMAND",
        help="Run this with the line as its last argument, and the facts in BERTCL_WATCH_KIND, "
        "_STUDY, _TRIAL, _P and others.",
        show_default=False,
    ),
]
Shell = Annotated[
    bool, typer.Option("--shell", help="Let a shell read the command; $1 is the line.")
]
Test = Annotated[
    bool, typer.Option("--test", help="Send a made-up event to every channel, and end.")
]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Print a line of JSON for each, for programs.")
]


def watch(
    studies: Studies = None,
    *,
    on: On = "",
    rule: RuleName = None,
    bell: Bell = False,
    desktop: OnDesktop = False,
    webhook: WebhookUrl = "",
    command: CommandLine = "",
    shell: Shell = False,
    test: Test = False,
    store: Store = DEFAULT_STORE,
    json: JsonLines = False,
) -> None:
    """Tell of new bests, collapses, failures and the end of searches that run by themselves.

    Prints a line for each event and brings it to the channels. Where neither --on nor a channel nor
    --rule is named, the rules of the settings that are switched on are followed, if there are any.
    Ends when all that is watched is over: with 0, or with 1 where something failed, was deleted or
    waits for a person.
    """
    if shell and not command:
        raise UsageError("--shell does nothing without --command; leave it away")
    own = Rule(
        on=read_kinds(names_in(on)) if on else tuple(KINDS),
        bell=bell,
        desktop=desktop,
        webhook=webhook,
        command=command,
        shell=shell,
    )
    rules = _rules(own, rule or (), is_asked=bool(on or own.channels))
    if test:
        _try_out(rules)
        return
    code = 0
    with opened(store) as at, closing(_Messenger(tuple(rules.values()), json=json)) as messenger:
        try:
            code = _watch(at, studies or (), messenger)
        except KeyboardInterrupt:
            code = INTERRUPTED
    if code:
        raise typer.Exit(code)


def _rules(own: Rule, names: Sequence[str], *, is_asked: bool) -> dict[str, Rule]:
    """Return what is followed: what was asked for, or else the rules of the settings."""
    kept = read_settings(settings_file()).watch
    for name, each in {**kept, "": own}.items():
        check_rule(name or "own", each)
    for name in names:
        if not kept:
            raise UsageError(
                "there is no rule yet; bertcl-tui config set watch.NAME.on over is one"
            )
        if name not in kept:
            raise unknown_name("rule", name, kept)
    rules = {name: replace(kept[name], active=True) for name in names}
    if not names and not is_asked:
        rules = {name: each for name, each in kept.items() if each.active}
    return {**rules, _OF_COMMAND_LINE: own} if is_asked or not rules else rules


def _try_out(rules: Mapping[str, Rule]) -> None:
    """Send an event to every channel, and say of each how that went.

    Raises:
        UsageError: there is no channel.
        typer.Exit: one of them failed.
    """
    channels = {channel: name for name, each in rules.items() for channel in all_channels_of(each)}
    if not channels:
        raise UsageError("there is no channel to test; name one, like --bell")
    failed = False
    for channel, name in channels.items():
        try:
            channel.send([sample_news(name)])
        except ChannelError as error:
            failed = True
            say(f"{channel.name}: {error}")
        else:
            say(f"{channel.name}: told")
    if failed:
        raise typer.Exit(1)


class _Messenger:
    """Prints what the rules want told, and has it brought to their channels."""

    def __init__(self, rules: Sequence[Rule], *, json: bool) -> None:
        self.rules = rules
        self._json = json
        self._post = Post(say, all_channels_of, last_tries=_LAST_TRIES)

    def tell(self, several: Sequence[News]) -> None:
        for item in told(several, self.rules):
            print_line(msgspec.json.encode(facts_of(item)).decode() if self._json else _line(item))
        sys.stdout.flush()
        self._post.bring(several, self.rules)

    def close(self) -> None:
        """Wait until the last is brought, or it is clear that it cannot be."""
        for line in self._post.close():
            say(line)


def _line(item: News) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(item.at))
    return f"{moment} {item.kind:<8} {item.text}"


class _Watched:
    """Which studies are watched, and whether the arena is.

    Args:
        at: where they are.
        names: that a person named; none: all that is under way, and what comes to be.

    Raises:
        UsageError: there is no such study.
    """

    def __init__(self, at: OpenedStore, names: Sequence[str]) -> None:
        self._is_all = not names
        named = (at.study(name) for name in names if name != ARENA)
        self.studies = {study.id: study.name for study in named}
        """Their names by id: one may get another name meanwhile."""
        self.arena = ARENA in names
        if self._is_all:
            self.arena = any(run.desired == "running" for run in at.reader.unfinished_runs())

    def follow(self, scene: Scene) -> None:
        """Learn new names; where all is watched, watch what is under way by now, too."""
        self.studies.update({row.id: row.name for row in self.rows(scene)})
        if self._is_all:
            wanted = (row for row in scene.studies if row.desired == "running" and not is_over(row))
            self.studies.update({row.id: row.name for row in wanted})
            going = (scene.arena.get("queued", 0), scene.arena.get("running", 0))
            self.arena = self.arena or any(going)

    def rows(self, scene: Scene) -> list[StudyRow]:
        """Return the studies that are watched and are there."""
        return [row for row in scene.studies if row.id in self.studies]

    def wants(self, item: News) -> bool:
        """Whether it is about what is watched."""
        return self._is_all or (
            self.arena if item.study is None else item.study in self.studies.values()
        )

    def goes_on(self, scene: Scene) -> bool:
        """Whether something of it is not over."""
        of_arena = self.arena and scene.arena_goes_on
        return of_arena or not all(map(is_over, self.rows(scene)))

    def states(self, scene: Scene) -> dict[str, str]:
        """Return how it stands, by name."""
        found = {row.name: row.state for row in self.rows(scene)}
        left = (name for name in self.studies.values() if name not in found)
        deleted = dict.fromkeys(sorted(left), "deleted")
        arena = {ARENA: "running" if scene.arena_goes_on else "over"} if self.arena else {}
        return {**found, **deleted, **arena}


def _watch(at: OpenedStore, names: Sequence[str], messenger: _Messenger) -> int:
    """Tell what happens until all is over, and return the exit code."""
    watched = _Watched(at, names)
    herald = Herald(at.reader, lambda: budgets_of(messenger.rules), at_once=True)
    lookout = Lookout(at.reader, herald)
    herald.look()
    watched.follow(herald.scene)
    failed_before = herald.scene.arena.get("failed", 0)
    states = watched.states(herald.scene)
    if not states:
        say("nothing is under way; name a study to be told how it ended")
        return 0
    say(f"watching {_said(states)}")
    messenger.tell(herald.standing(watched.rows(herald.scene)))
    trouble = ""
    while watched.goes_on(herald.scene):
        began = time.thread_time()
        try:
            if lookout.is_due() or herald.is_behind:
                several = herald.look()
                watched.follow(herald.scene)
                messenger.tell([item for item in several if watched.wants(item)])
            trouble = ""
        except StorageError as error:
            if str(error) != trouble:
                trouble = str(error)
                say(f"{trouble}; the watch goes on")
        rest(began)
    states = watched.states(herald.scene)
    say(f"over: {_said(states)}")
    is_bad = any(state not in {"complete", "stopped", "over"} for state in states.values())
    is_broken = watched.arena and herald.scene.arena.get("failed", 0) > failed_before
    return int(is_bad or is_broken)


def _said(states: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({state})" for name, state in states.items())
