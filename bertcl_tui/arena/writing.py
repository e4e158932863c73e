"""Tables of the arena as text: drawn, as parts of the grid on screen, and written to files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from textwrap import wrap
from typing import Final

from msgspec import Struct
from rich.console import Console
from rich.table import Table as Drawn
from rich.text import Text

from bertcl_tui.arena.look import Look, Tally
from bertcl_tui.style.looks import STATE_LOOKS, Looks
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
    """Go through the numbers of a cell, each with its marks; where from is said once."""
    if not cell.runs:
        yield Text(legend.NOTHING, style="dim"), ""
        yield from ((Text(), "") for _ in cell.values[1:])
        return
    for place, value in enumerate(cell.values):
        yield _number(value), _marks(value) + (legend.marks(cell) if place == 0 else "")


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


RUNS: Final = "n"
PAPER: Final = "paper"
_TITLE_WIDE, _TITLE_NARROW = 24, 18


class Block(Struct, frozen=True):
    """A row of the table: as many lines in each part."""

    title: tuple[Text, ...]
    labels: tuple[Text, ...]
    cells: tuple[tuple[Text, ...], ...]

    @property
    def height(self) -> int:
        return len(self.title)


class Parts(Struct, frozen=True):
    """The whole grid."""

    title_width: int
    label_width: int
    widths: tuple[int, ...]
    """Of the columns."""
    heads: tuple[tuple[str, ...], ...]
    """Of the columns, each in as many lines."""
    blocks: tuple[Block, ...]

    @property
    def head_height(self) -> int:
        return max((len(head) for head in self.heads), default=1)


def make_parts(look: Look, looks: Looks, *, narrow: bool) -> Parts:
    """Return what stands in the grid.

    Args:
        look: what the store said.
        looks: colours.
        narrow: whether titles are to be broken early.
    """
    table = look.table
    most = _TITLE_NARROW if narrow else _TITLE_WIDE
    titles = [_title(row, most, looks) for row in table.rows]
    room = marks_width(table)
    blocks = tuple(
        _block(row, title, list(_cells(row, tallies, room, looks)), table.quantities, looks)
        for row, title, tallies in zip(table.rows, titles, look.tallies, strict=True)
    )
    widest = [
        max((line.cell_len for block in blocks for line in block.cells[place]), default=0)
        for place in range(len(table.columns))
    ]
    heads = [
        broken_sequence(name, width) for name, width in zip(table.columns, widest, strict=True)
    ]
    return Parts(
        title_width=max((line.cell_len for title in titles for line in title), default=0),
        label_width=max((line.cell_len for block in blocks for line in block.labels), default=0),
        widths=tuple(
            max(width, *map(len, head)) for width, head in zip(widest, heads, strict=True)
        ),
        heads=tuple(heads),
        blocks=blocks,
    )


def broken_sequence(name: str, width: int) -> tuple[str, ...]:
    """Break the name of a sequence between tasks, into lines of this width where that can be."""
    *firsts, last = name.split(":")
    lines: list[str] = [""]
    for part in (*(f"{task}:" for task in firsts), last):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return tuple(lines)


def tally_text(tally: Tally | None, looks: Looks) -> Text:
    """Write how many runs a cell has, and what the others of them do: ``3/5 ▶62% ·1``."""
    if tally is None:
        return Text(legend.NOTHING, style=looks.muted)
    if tally.complete == tally.planned:
        return Text(str(tally.complete), style=looks.muted)
    text = Text(f"{tally.complete}/{tally.planned}", style=looks.muted)
    for state, number in tally.others:
        look = STATE_LOOKS[state]
        alone = state == "running" and tally.share is not None
        words = f"{tally.share:.0%}" if alone else str(number)
        text.append(f" {look.glyph}{words}", style=getattr(looks, look.ink))
    return text


def _title(row: Row, width: int, looks: Looks) -> list[Text]:
    return [
        *(Text(line, style="bold") for line in wrap(row.title, width)),
        *(Text(line, style=looks.muted) for line in wrap(_cost(row), width)),
        *(Text(f"on {tuned_on}", style=looks.muted) for tuned_on in _tuned_on(row)),
    ]


def _tuned_on(row: Row) -> Iterator[str]:
    if (found := legend.tuned_on(row)) != legend.NOTHING:
        yield found


def _cost(row: Row) -> str:
    match legend.cost(row):
        case legend.NOTHING:
            return legend.NOTHING
        case legend.PUBLISHED:
            return f"{legend.PUBLISHED} tuned elsewhere"
        case cost:
            return f"{cost} tuning epochs"


def _cells(
    row: Row, tallies: Sequence[Tally | None], room: int, looks: Looks
) -> Iterator[list[Text]]:
    """Go through the lines of each cell: its numbers, its runs, what the paper has."""
    numbers = [cell_lines(cell, room, paper=False) for cell in row.cells]
    widest = max((line.cell_len for lines in numbers for line in lines), default=0)
    for lines, cell, tally in zip(numbers, row.cells, tallies, strict=True):
        others = [tally_text(tally, looks)]
        if _has_paper(row):
            others.append(Text(legend.paper(cell), style=looks.muted))
        for line in others:
            # Below the numbers where there is room for it, without making the column wider.
            line.append(" " * min(room, max(0, widest - line.cell_len)))
        yield [*lines, *others]


def _block(
    row: Row,
    title: Sequence[Text],
    cells: Sequence[Sequence[Text]],
    quantities: Sequence[str],
    looks: Looks,
) -> Block:
    labels = [*quantities, RUNS, *([PAPER] if _has_paper(row) else ())]
    height = max(len(title), len(labels))
    return Block(
        title=_filled(title, height),
        labels=_filled([Text(label, style=looks.muted) for label in labels], height),
        cells=tuple(_filled(lines, height) for lines in cells),
    )


def _has_paper(row: Row) -> bool:
    return any(map(legend.paper, row.cells))


def _filled(lines: Sequence[Text], height: int) -> tuple[Text, ...]:
    return (*lines, *(Text() for _ in range(height - len(lines))))
