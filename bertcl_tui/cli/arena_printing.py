"""Printing the arena's tables, on stdout or into a file."""

from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console

from bertcl_tui.cli.output import print_json, print_line, print_text, say
from bertcl_tui.drawings.arena import draw_arena
from engine.arena import legend
from engine.arena.formats.csv import to_csv
from engine.arena.formats.latex import to_latex
from engine.arena.formats.markdown import to_markdown
from engine.arena.tables import Table
from engine.errors import UsageError

TEXT: Final = "text"
_ENDLESS: Final = 10_000
_SUFFIXES: Final[Mapping[str, str]] = {".md": "markdown", ".csv": "csv", ".tex": "latex"}


def format_of(name: str, out: Path | None) -> str:
    """Return the format that was named, else that of the file's name, else text.

    Raises:
        UsageError: there is no such format.
    """
    chosen = name or (_SUFFIXES.get(out.suffix, TEXT) if out else TEXT)
    if chosen not in FORMATS:
        raise UsageError(f"no format '{chosen}'; use one of {', '.join(FORMATS)}")
    return chosen


def put_tables(tables: Sequence[Table], form: str, out: Path | None, *, json: bool) -> None:
    """Write tables into a file, or print them.

    Raises:
        UsageError: the file cannot be written.
    """
    if out is not None:
        _write("\n".join(map(FORMATS[form], tables)), out)
        say(f"table written to {out}")
    if json:
        print_json(tables)
    elif out is None and form == TEXT:
        for table in tables:
            _print(table)
    elif out is None:
        print_line("\n".join(map(FORMATS[form], tables)).rstrip("\n"))


def _to_text(table: Table) -> str:
    text = StringIO()
    Console(file=text, width=_ENDLESS, highlight=False, color_system=None).print(draw_arena(table))
    drawn = "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())
    return "\n".join((table.title, "", drawn, "", *_below(table))) + "\n"


def _print(table: Table) -> None:
    print_line(f"{table.title}\n")
    print_text(draw_arena(table))
    print_line("")
    for line in _below(table):
        print_line(line)


def _below(table: Table) -> list[str]:
    caption = legend.caption(table, better=f"Bold and {legend.BETTER}")
    return [*caption, *(f"- {note}" for note in table.notes)]


def _write(text: str, out: Path) -> None:
    beside = out.with_name(f".{out.name}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {out}: {reason}; choose another place") from None


FORMATS: Final[Mapping[str, Callable[[Table], str]]] = {
    TEXT: _to_text,
    "markdown": to_markdown,
    "csv": to_csv,
    "latex": to_latex,
}
