"""What stands in the arena's grid, line by line, before it is cut to the room there is."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.arena.look import Look, Tally
from bertcl_tui.arena.writing import cell_lines, marks_width
from bertcl_tui.style.looks import STATE_LOOKS, Looks
from engine.arena import legend
from engine.arena.tables import Row

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
    ]


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
