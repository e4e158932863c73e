"""Tables of the arena as text: drawn, and written to files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table as Drawn
from rich.text import Text

from engine.arena import legend
from engine.arena.tables import Cell, Row, Table, Value
from engine.errors import UsageError
from engine.exports import TABLE_FORMATS
from engine.files import exporting

IN_THE_PAPER: Final = "in the paper"
TEXT: Final = "text"
SUFFIXES: Final[Mapping[str, str]] = {item.suffix: name for name, item in TABLE_FORMATS.items()}
"""Formats by how a file's name ends; anything else is text."""
_ENDLESS: Final = 10_000  # columns: no line is broken


def draw_arena(table: Table) -> Drawn:
    """Draw the table; numbers that are read together stand below each other."""
    drawn = Drawn(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    drawn.add_column("", no_wrap=True)
    drawn.add_column("", style="dim", no_wrap=True)
    for column in table.columns:
        drawn.add_column(Text(column), justify="right")
    drawn.add_column(legend.COST, justify="right", style="dim")
    drawn.add_column(legend.TUNED_ON, style="dim")
    width = marks_width(table)
    for row in table.rows:
        paper = any(map(legend.paper, row.cells))
        labels = [*table.quantities, *([IN_THE_PAPER] if paper else ())]
        cells = (Text("\n").join(cell_lines(cell, width, paper=paper)) for cell in row.cells)
        drawn.add_row(Text(row.title), "\n".join(labels), *cells, *_tuning(row))
        if len(labels) > 1 and row is not table.rows[-1]:
            drawn.add_row()
    return drawn


def draw_headline(table: Table) -> Drawn | None:
    """Draw what the table says over all sequences; None: nothing yet."""
    if table.headline is None:
        return None
    drawn = Drawn(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    drawn.add_column("", no_wrap=True)
    for head in legend.HEADLINE_HEAD:
        drawn.add_column(head, justify="right", no_wrap=True)
    for effect in table.headline.effects:
        style = "" if effect.standing == "primary" else "dim"
        *numbers, standing = legend.headline_cells(effect)
        drawn.add_row(Text(effect.title), *numbers, Text(standing, style=style))
    return drawn


def _tuning(row: Row) -> tuple[str, str]:
    return legend.cost(row), legend.tuned_on(row)


def cell_lines(cell: Cell, room: int, *, paper: bool) -> list[Text]:
    """Return a line for each number, then what the paper has.

    Args:
        cell: what is shown.
        room: characters for marks after a number, so that numbers stand below each other.
        paper: whether there is a line for the paper's numbers.
    """
    lines = list(_numbers(cell))
    if paper:
        lines.append((Text(legend.paper(cell), style="dim"), ""))
    return [text.append(f"{marks:<{room}}") for text, marks in lines]


def marks_width(table: Table) -> int:
    """Return how many marks any number of the table has at most."""
    cells = (cell for row in table.rows for cell in row.cells)
    return max((len(marks) for cell in cells for _, marks in _numbers(cell)), default=0)


def _numbers(cell: Cell) -> Iterator[tuple[Text, str]]:
    """Go through the numbers of a cell, each with its marks."""
    if not cell.runs:
        yield Text(legend.NOTHING, style="dim"), ""
        yield from ((Text(), "") for _ in cell.values[1:])
        return
    for value in cell.values:
        yield _number(value), _marks(value) + legend.marks(cell)


def _number(value: Value) -> Text:
    if value.mean is None:
        return Text(legend.NOTHING, style="dim")
    text = Text().append(legend.number(value.mean), style="bold" if value.better else "")
    return text.append(legend.interval(value.half_width), style="dim")


def _marks(value: Value) -> str:
    return legend.SIGNIFICANT_MARK * value.significant + legend.BETTER * value.better


def format_of(out: Path) -> str:
    """Return the format that a file's name asks for."""
    return SUFFIXES.get(out.suffix, TEXT)


def to_format(tables: Sequence[Table], form: str) -> str:
    """Write tables one after another, in a format of ``FORMATS``.

    Raises:
        UsageError: there is nothing to be written in it, or more than it has room for.
    """
    if form in TABLE_FORMATS and TABLE_FORMATS[form].alone and len(tables) > 1:
        raise UsageError(
            f"{form} is a picture of one table, and there are {len(tables)}; say which one by "
            "--data, --model or what else they differ in"
        )
    return "\n".join(map(FORMATS[form], tables))


def write_tables(tables: Sequence[Table], form: str, out: Path) -> None:
    """Write tables into a file: beside it first, then in its place.

    Raises:
        UsageError: the file cannot be written.
    """
    with exporting(out) as beside:
        beside.write_text(to_format(tables, form), encoding="utf-8")


def lines_below(table: Table) -> list[str]:
    """Return what stands below a table that is read as text."""
    caption = legend.caption(table, better=f"Bold and {legend.BETTER}")
    return [*legend.headline_caption(table), *caption, *(f"- {note}" for note in table.notes)]


def _to_text(table: Table) -> str:
    headline = draw_headline(table)
    above = [] if headline is None else [*headline_above(table), "", _plain(headline), ""]
    parts = (table.title, "", *above, _plain(draw_arena(table)), "", *lines_below(table))
    return "\n".join(parts) + "\n"


def headline_above(table: Table) -> list[str]:
    """Return what stands above a headline that is read as text."""
    return [] if table.headline is None else [f"{legend.headline_title(table.headline)}:"]


def _plain(drawn: Drawn) -> str:
    text = StringIO()
    Console(file=text, width=_ENDLESS, highlight=False, color_system=None).print(drawn)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())


FORMATS: Final[Mapping[str, Callable[[Table], str]]] = {
    TEXT: _to_text,
    **{name: item.write for name, item in TABLE_FORMATS.items()},
}
"""What can be asked for: text as it is shown, and the engine's formats."""
