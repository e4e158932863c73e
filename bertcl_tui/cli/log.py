"""``log``: what workers said."""

import sys
import time
from collections.abc import Iterable
from typing import Annotated, Any, Final, NoReturn

import msgspec
import typer
from rich.text import Text

from bertcl_tui.cli.following import INTERRUPTED, LOOK_SECONDS
from bertcl_tui.cli.output import print_line, print_text, say
from bertcl_tui.cli.parameters import Store, offer_studies, offer_words
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.options import readers
from bertcl_tui.store.study_rows import LogFilter, LogLevel, LogLine
from engine.store.connection import DEFAULT_STORE

_BATCH: Final = 500
_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error")
_INKS: Final = {"error": "red", "warning": "yellow", "debug": "dim"}

Follow = Annotated[
    bool, typer.Option("-f", "--follow", help="Go on with what is said from now on; Ctrl-C ends.")
]
Level = Annotated[
    str,
    typer.Option(
        metavar="LEVEL",
        help=f"The least grave: {', '.join(_LEVELS[:-1])} or {_LEVELS[-1]}.",
        autocompletion=offer_words(dict.fromkeys(_LEVELS, "")),
    ),
]
Lines = Annotated[
    int,
    typer.Option(
        "-n", "--lines", min=0, max=1_000_000, metavar="N", help="How many of the last lines."
    ),
]
Search = Annotated[
    str, typer.Option(metavar="TEXT", help="Only lines that have this text, in any case.")
]
OfStudy = Annotated[
    str,
    typer.Option(
        metavar="STUDY",
        help="Only what is about this study's trials.",
        autocompletion=offer_studies,
    ),
]
OfRun = Annotated[
    int | None, typer.Option(metavar="RUN", min=1, help="Only what is about the run of this id.")
]
OfWorker = Annotated[
    int | None, typer.Option(metavar="PID", min=1, help="Only what this process said.")
]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Print a line of JSON for each, for programs.")
]


def log(
    *,
    follow: Follow = False,
    level: Level = "debug",
    lines: Lines = 50,
    search: Search = "",
    study: OfStudy = "",
    run: OfRun = None,
    worker: OfWorker = None,
    store: Store = DEFAULT_STORE,
    json: JsonLines = False,
) -> None:
    """Show the last that workers said, and with -f what they say from now on."""
    least = readers.one_of("level", _LEVELS)(level)
    with opened(store) as at:
        where = LogFilter(
            least=next(known for known in _LEVELS if known == least),
            study_id=at.study(study).id if study else None,
            run_id=run,
            pid=worker,
            text=search,
        )
        last = at.reader.log.window(where, around=None, limit=max(1, lines)).lines
        _print(last if lines else (), json=json)
        if not last and not follow:
            say("nothing was said; workers say what they do")
        if follow:
            _follow(at, where, last[-1].id if last else 0, json=json)


def _follow(at: OpenedStore, where: LogFilter, seen: int, *, json: bool) -> NoReturn:
    try:
        while True:
            new = at.reader.log.after(where, seen, limit=_BATCH)
            _print(new, json=json)
            seen = new[-1].id if new else seen
            if len(new) < _BATCH:
                time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _print(lines: Iterable[LogLine], *, json: bool) -> None:
    for line in lines:
        if json:
            print_line(msgspec.json.encode(_facts(line)).decode())
        else:
            print_text(_styled(line))
    sys.stdout.flush()


def _styled(line: LogLine) -> Text:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.at))
    text = Text(f"{moment} ", style="dim", no_wrap=True, overflow="ignore")
    ink = _INKS.get(line.level, "")
    return text.append(f"{line.level:<7} {line.text}", style=f"not dim {ink}")


def _facts(line: LogLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "at": line.at,
        "level": line.level,
        "pid": line.pid,
        "run": line.run_id,
        "trial": line.number,
        "text": line.text,
    }
