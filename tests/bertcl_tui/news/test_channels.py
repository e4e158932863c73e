"""Where news are brought: real servers, real programs, and what becomes of those that fail."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from queue import Queue

import pytest

from bertcl_tui.news import sending
from bertcl_tui.news.channels import ChannelError, PassingError, Webhook, channels_of
from bertcl_tui.news.events import News
from bertcl_tui.news.rules import Rule, check_rule, masked, read_kinds
from bertcl_tui.news.sending import Post, matches
from bertcl_tui.news.terminal import desktop_program, desktop_sequence
from engine.errors import UsageError
from tests.bertcl_tui.news.server import hook

BEST = News(
    text="sst2:mrpc: best p 1.4",
    kinds=("new-best",),
    study="sst2:mrpc",
    facts={"trial": 7, "p": 1.4, "before": None},
)
FAILED = News(text="sst2:mrpc failed; $(touch here)", kinds=("failure", "over"), study="sst2:mrpc")
ARENA = News(text="the arena is through", kinds=("arena",))


# rules


@pytest.mark.parametrize(
    ("rule", "item", "wanted"),
    [
        (Rule(), BEST, False),
        (Rule(on=("new-best",)), BEST, True),
        (Rule(on=("new-best",), active=False), BEST, False),
        (Rule(on=("over",)), FAILED, True),
        (Rule(studies=("sst2:*",)), FAILED, True),
        (Rule(studies=("sst2",)), FAILED, False),
        (Rule(studies=("sst2:*",)), ARENA, False),
        (Rule(studies=("arena",)), ARENA, True),
        (Rule(on=("budget=6h",)), News(text="", kinds=("budget=6h",)), True),
        (Rule(on=("budget",)), News(text="", kinds=("budget=6h",)), False),
    ],
)
def test_a_rule_is_about_kinds_and_studies(rule: Rule, item: News, *, wanted: bool) -> None:
    assert matches(rule, item) == wanted


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule(on=("new-bset",)), "no news named 'new-bset'; did you mean 'new-best'"),
        (Rule(on=("budget=6m",)), "budget '6m' is none; write budget=40"),
        (Rule(on=("budget=0h",)), "budget '0h' is none"),
        (Rule(on=()), "a rule is about nothing"),
        (Rule(webhook="hooks.host/secret"), "webhook … is no URL"),
        (Rule(webhook="ftp://host/secret"), "webhook ftp://host/… is no URL"),
        (Rule(command="say 'x"), "no closing quotation; close it"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_a_line(rule: Rule, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_rule("night", rule)
    assert said in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("night.on", "a rule cannot be called 'night.on': it would stand for what 'night' has"),
        ("a.b.studies", "call it 'a.b-studies'"),
        ("a b", "may have letters, digits"),
    ],
)
def test_a_name_that_could_stand_for_something_else_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_rule(name, Rule())
    assert said in str(raised.value)
    for allowed in ("on", "night.old", "on.night"):
        check_rule(allowed, Rule())


def test_kinds_are_read_each_once() -> None:
    assert read_kinds(["over", " budget=40 ", "", "over"]) == ("over", "budget=40")


def test_a_webhook_is_shown_without_what_opens_it() -> None:
    assert masked("https://me:pass@hooks.host:8443/services/T0/B1?key=2") == (
        "https://hooks.host:8443/…"
    )
    assert masked("$SLACK_URL") == "$SLACK_URL"
    assert masked("http://host") == "http://host"


# webhooks


def test_news_are_posted_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    with hook() as server:
        monkeypatch.setenv("HOOK", server.url.removeprefix("http://"))
        Webhook("http://$HOOK").send([BEST, FAILED])
        body = server.next()
    assert body["text"] == f"{BEST.text}\n{FAILED.text}"
    best, failed = body["events"]
    assert (best["kind"], best["study"], best["trial"], best["p"]) == (
        "new-best",
        "sst2:mrpc",
        7,
        1.4,
    )
    assert failed["severity"] == "information"


@pytest.mark.parametrize(
    ("answer", "passes"), [(404, False), (302, False), (500, True), (429, True)]
)
def test_an_answer_that_is_no_yes_is_told(answer: int, *, passes: bool) -> None:
    with hook(answer) as server, pytest.raises(ChannelError, match=f"answers {answer}") as raised:
        Webhook(server.url).send([BEST])
    assert isinstance(raised.value, PassingError) == passes


def test_a_webhook_whose_variable_is_not_set_is_not_sent_to() -> None:
    with pytest.raises(ChannelError, match="the variable NO_SUCH is not set"):
        Webhook("https://host/$NO_SUCH").send([BEST])


def test_a_dead_webhook_is_told_of_once_and_holds_up_nobody() -> None:
    with hook() as dead:
        gone = dead.url
    complaints: Queue[str] = Queue()
    with hook() as server:
        post = Post(complaints.put)
        rules = [Rule(on=("new-best", "failure"), webhook=url) for url in (gone, server.url)]
        for item in (BEST, FAILED):
            post.bring([item], rules)
        texts = ""
        while FAILED.text not in texts:
            texts += server.next()["text"]
        assert BEST.text in texts
        missed = post.close()
    assert complaints.qsize() == 1
    complaint = complaints.get()
    assert "connection refused" in complaint
    assert missed == [f"{complaint.partition('…')[0]}…: 2 events did not arrive"]
    assert "secret" not in complaint


def test_what_a_server_does_not_take_at_first_it_gets_with_what_comes_then() -> None:
    with hook(503) as server:
        complaints: Queue[str] = Queue()
        post = Post(complaints.put)
        rules = [Rule(on=("new-best", "failure"), webhook=server.url)]
        post.bring([BEST], rules)
        assert "the server answers 503" in complaints.get(timeout=60)
        post.bring([FAILED], rules)
        assert post.close() == []
        assert [server.next()["text"] for _ in range(2)] == [
            BEST.text,
            f"{BEST.text}\n{FAILED.text}",
        ]


def test_the_last_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_LAST_PAUSE_SECONDS", 0.0)
    with hook(503, 503) as server:
        post = Post(lambda _: None, last_tries=3)
        post.bring([FAILED], [Rule(webhook=server.url)])
        assert post.close() == []


def test_two_rules_with_one_channel_tell_once() -> None:
    with hook() as server:
        post = Post(print)
        rules = [Rule(on=kinds, webhook=server.url) for kinds in (("over",), ("failure", "arena"))]
        post.bring([BEST, FAILED, ARENA], rules)
        assert post.close() == []
        assert server.next()["text"] == f"{FAILED.text}\n{ARENA.text}"
        assert server.bodies.empty()


# commands


def _writer(folder: Path) -> str:
    """Return a command that writes its last argument and its environment into a file."""
    program = folder / "told.py"
    program.write_text(
        "import json, os, sys\n"
        "facts = {k: v for k, v in os.environ.items() if k.startswith('BERTCL_WATCH_')}\n"
        f"json.dump([sys.argv[1:], facts], open({str(folder / 'told.json')!r}, 'w'))\n"
    )
    return f"{sys.executable} {program} 'to me'"


def test_a_command_has_the_line_and_the_facts_and_no_shell(tmp_path: Path) -> None:
    (channel,) = channels_of(Rule(command=_writer(tmp_path)))
    channel.send([BEST, FAILED])
    words, facts = json.loads((tmp_path / "told.json").read_text())
    assert words == ["to me", f"{BEST.text}\n{FAILED.text}"]
    assert facts["BERTCL_WATCH_KIND"] == "new-best,failure"
    assert facts["BERTCL_WATCH_STUDY"] == "sst2:mrpc"
    assert (facts["BERTCL_WATCH_TRIAL"], facts["BERTCL_WATCH_P"]) == ("7", "1.4")
    assert [item["trial"] for item in json.loads(facts["BERTCL_WATCH_EVENTS"])[:1]] == [7]
    assert "BERTCL_WATCH_BEFORE" not in facts


def test_a_shell_reads_the_command_where_one_is_asked_for_and_never_the_line(
    tmp_path: Path,
) -> None:
    told = tmp_path / "told"
    (channel,) = channels_of(Rule(command=f'echo "$1" | tr a-z A-Z > {told}', shell=True))
    channel.send([FAILED])
    assert told.read_text() == f"{FAILED.text.upper()}\n"
    assert not Path("here").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program x", "cannot be run: no such file"),
        (f"{sys.executable} -c 'raise SystemExit(\"no desktop\")'", "ended with 1: no desktop"),
    ],
)
def test_a_command_that_fails_says_why(command: str, said: str) -> None:
    (channel,) = channels_of(Rule(command=command))
    with pytest.raises(ChannelError, match=said):
        channel.send([BEST])


# the desktop


@pytest.mark.parametrize(
    ("environment", "sequence"),
    [
        ({"TERM": "xterm-kitty"}, "\x1b]9;bertcl: a, b[31m done · c\x07"),
        ({"TERM_PROGRAM": "WezTerm"}, "\x1b]9;bertcl: a, b[31m done · c\x07"),
        ({"TERM": "foot"}, "\x1b]777;notify;bertcl;a, b[31m done · c\x07"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux"}, ""),
    ],
)
def test_only_a_terminal_that_knows_how_is_asked_and_it_gets_plain_text(
    environment: Mapping[str, str], sequence: str
) -> None:
    assert desktop_sequence("a; b\x1b[31m\x07 done\nc", environment) == sequence


def test_where_the_terminal_cannot_a_program_of_the_desktop_shows_it(tmp_path: Path) -> None:
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {tmp_path / "shown"}\n')
    program.chmod(0o755)
    found = desktop_program({"DISPLAY": ":0"}, which={"notify-send": str(program)}.get)
    assert found is not None
    found.send([News(text="-a; b\x1b[31m", kinds=("over",)), BEST])
    shown = (tmp_path / "shown").read_text()
    assert shown == f"--app-name=bertcl|--|bertcl|-a; b[31m · {BEST.text}|"
    assert desktop_program({}, which={"notify-send": str(program)}.get) is None
