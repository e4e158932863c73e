"""Every command, in one table; typer does the reading."""

from collections.abc import Callable, Sequence
from importlib import metadata
from inspect import cleandoc
from typing import Annotated, Any, Final

import typer
from msgspec import Struct

from bertcl_tui.arena.fields import NOT_FOR_TABLES
from bertcl_tui.cli import config
from bertcl_tui.cli.arena import arena
from bertcl_tui.cli.combine import combine
from bertcl_tui.cli.completing import Store
from bertcl_tui.cli.confirm import confirm
from bertcl_tui.cli.control import pause, resume, retry, stop
from bertcl_tui.cli.demo import demo
from bertcl_tui.cli.doctor import doctor
from bertcl_tui.cli.explain import explain
from bertcl_tui.cli.flags import with_flags
from bertcl_tui.cli.importance import importance
from bertcl_tui.cli.imports import import_log
from bertcl_tui.cli.log import log
from bertcl_tui.cli.opening import open_app
from bertcl_tui.cli.output import print_line
from bertcl_tui.cli.run import run
from bertcl_tui.cli.search import search
from bertcl_tui.cli.shell import whole_words
from bertcl_tui.cli.shifts import shifts
from bertcl_tui.cli.show import show
from bertcl_tui.cli.studies import studies, trials
from bertcl_tui.cli.workers import worker, workers
from engine.errors import UsageError

PROGRAM: Final = "bertcl-tui"

Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


class Command(Struct, frozen=True):
    """A command: its docstring is its help."""

    name: str
    function: Callable[..., None]
    panel: str
    example: str
    """What follows the name of the program; several lines are several examples."""
    parts: tuple["Command", ...] = ()
    """Commands of its own, after its name; it is what happens without one."""


COMMANDS: Final = (
    Command("demo", demo, "Search", "demo"),
    Command(
        "search",
        with_flags(search),
        "Search",
        "search rotten-tomatoes:privacy-qa --data sample --trials 20\n"
        "search sst2:mrpc --sampler gp --budget 200 --detach",
    ),
    Command(
        "run",
        with_flags(run, without={"name", "method", "budget"}),
        "Search",
        "run sst2:mrpc --lr 2e-5 --seed 1\n"
        "run sst2:mrpc --method replay --profile mine.json --option share=0.1",
    ),
    Command("studies", studies, "Look", "studies --json"),
    Command(
        "trials",
        trials,
        "Look",
        "trials sst2:mrpc --filter 'p_o>0.6 state:complete'\ntrials sst2:mrpc --json",
    ),
    Command("pause", pause, "Search", "pause sst2:mrpc"),
    Command("resume", resume, "Search", "resume sst2:mrpc"),
    Command("stop", stop, "Search", "stop sst2:mrpc"),
    Command("retry", retry, "Search", "retry sst2:mrpc 8"),
    Command("show", show, "Look", "show sst2:mrpc 17"),
    Command("explain", explain, "Look", "explain sst2:mrpc:17 sst2:mrpc:3"),
    Command("importance", importance, "Look", "importance sst2:mrpc --evaluator fanova --json"),
    Command("shifts", shifts, "Look", "shifts rotten-tomatoes --data sample --out shifts.svg"),
    Command("combine", combine, "Profiles", "combine sst2:mrpc qqp:mrpc:1,4,7-9 --out mine.json"),
    Command(
        "arena",
        with_flags(arena, without=NOT_FOR_TABLES),
        "Compare",
        "arena --sequences sst2:mrpc,mrpc:sst2 --methods flat,ewc-task,combined --seeds 5",
    ),
    Command("confirm", confirm, "Compare", "confirm sst2:mrpc --top 4 --seeds 3"),
    Command("import", import_log, "Profiles", "import sst2-mrpc.csv --sequence sst2:mrpc"),
    Command("worker", worker, "Workers", "worker --slots 2 --until-idle"),
    Command("workers", workers, "Workers", "workers --json"),
    Command("log", log, "Workers", "log -f --level warning --study sst2:mrpc"),
    Command("doctor", doctor, "This machine", "doctor"),
    Command(
        "config",
        config.show,
        "This machine",
        "config\nconfig set theme bertcl-light\nconfig keys",
        parts=(
            Command("path", config.path, "", "config path"),
            Command("get", config.get, "", "config get keys.sort"),
            Command("set", config.change, "", "config set keys.sort o,f5"),
            Command("unset", config.unset, "", "config unset keys.sort"),
            Command("keys", config.keys, "", "config keys"),
            Command("edit", config.edit, "", "config edit"),
        ),
    ),
)


def run_command(arguments: Sequence[str]) -> int:
    """Run what was asked for and return the exit code.

    Raises:
        EngineError: it was asked wrongly, or could not be done.
    """
    try:
        with whole_words():
            code = _make()(arguments, prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        raise UsageError(f"{message}; see {_help_of(arguments)}") from None
    return code or 0


def _make() -> typer.Typer:
    made = typer.Typer(
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        epilog=f"Example: {PROGRAM} search rotten-tomatoes:privacy-qa --data sample",
    )
    made.callback(invoke_without_command=True)(_open)
    _add(made, COMMANDS)
    return made


def _add(made: typer.Typer, commands: Sequence[Command]) -> None:
    for command in commands:
        about: dict[str, Any] = {
            "help": _flowing(command.function.__doc__ or ""),
            "epilog": "\n\n".join(
                f"Example: {PROGRAM} {line}" for line in command.example.splitlines()
            ),
            "rich_help_panel": command.panel or None,
        }
        if command.parts:
            group = typer.Typer()
            group.callback(invoke_without_command=True)(command.function)
            _add(group, command.parts)
            made.add_typer(group, name=command.name, **about)
        else:
            made.command(command.name, **about)(command.function)


def _flowing(text: str) -> str:
    """Return paragraphs whose lines are as long as the terminal is wide."""
    paragraphs = cleandoc(text).split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _open(context: typer.Context, *, store: Store = "", version: Version = False) -> None:
    """Find learning rates with which a transformer learns a new task and still knows the old one.

    Without a command, the app is opened.
    """
    if version:
        print_line(f"{PROGRAM} {metadata.version(PROGRAM)}")
    elif context.invoked_subcommand is None:
        raise typer.Exit(open_app(store or None))
    elif store:
        context.default_map = {command.name: {"store": store} for command in COMMANDS}


def _help_of(arguments: Sequence[str]) -> str:
    known = next((word for word in arguments if word in {item.name for item in COMMANDS}), None)
    return " ".join(filter(None, (PROGRAM, known, "--help")))
