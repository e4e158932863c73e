"""Tables as text, and into files."""

from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console

from bertcl_tui.arena.drawing import draw_arena
from engine.arena import legend
from engine.arena.formats.csv import to_csv
from engine.arena.formats.latex import to_latex
from engine.arena.formats.markdown import to_markdown
from engine.arena.tables import Table
from engine.errors import UsageError
from engine.files import replacing

TEXT: Final = "text"
SUFFIXES: Final[Mapping[str, str]] = {".md": "markdown", ".csv": "csv", ".tex": "latex"}
"""Formats by how a file's name ends; anything else is text."""
_ENDLESS: Final = 10_000


def format_of(out: Path) -> str:
    """Return the format that a file's name asks for."""
    return SUFFIXES.get(out.suffix, TEXT)


def to_format(tables: Sequence[Table], form: str) -> str:
    """Write tables one after another, in a format of ``FORMATS``."""
    return "\n".join(map(FORMATS[form], tables))


def write_tables(tables: Sequence[Table], form: str, out: Path) -> None:
    """Write tables into a file: beside it first, then in its place.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        with replacing(out) as beside:
            beside.write_text(to_format(tables, form), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {out}: {reason}; choose another place") from None


def lines_below(table: Table) -> list[str]:
    """Return what stands below a table that is read as text."""
    caption = legend.caption(table, better=f"Bold and {legend.BETTER}")
    return [*caption, *(f"- {note}" for note in table.notes)]


def _to_text(table: Table) -> str:
    text = StringIO()
    Console(file=text, width=_ENDLESS, highlight=False, color_system=None).print(draw_arena(table))
    drawn = "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())
    return "\n".join((table.title, "", drawn, "", *lines_below(table))) + "\n"


FORMATS: Final[Mapping[str, Callable[[Table], str]]] = {
    TEXT: _to_text,
    "markdown": to_markdown,
    "csv": to_csv,
    "latex": to_latex,
}
