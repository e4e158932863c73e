"""Tables as text, and into files."""

from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console

from bertcl_tui.arena.drawing import draw_arena
from engine.arena import legend
from engine.arena.tables import Table
from engine.errors import UsageError, reason_of
from engine.exports import TABLE_FORMATS
from engine.files import replacing

TEXT: Final = "text"
SUFFIXES: Final[Mapping[str, str]] = {item.suffix: name for name, item in TABLE_FORMATS.items()}
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
        reason = reason_of(error)
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
    **{name: item.write for name, item in TABLE_FORMATS.items()},
}
"""What can be asked for: text as it is shown, and the engine's formats."""
