"""What stands in the arena's grid: heads, and a block of lines for each method."""

from collections import Counter
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
_WIDE, _NARROW = 32, 22
"""Characters that a title may take."""


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
    runs: int | None
    """Of how many the numbers of every column are; None: the heads say it of each."""

    @property
    def head_height(self) -> int:
        return max((len(head) for head in self.heads), default=1)


def make_parts(look: Look, looks: Looks, *, narrow: bool) -> Parts:
    """Return what stands in the grid.

    Args:
        look: what the store said.
        looks: colours.
        narrow: whether there is little room for titles.
    """
    table = look.table
    usual = [_usual(column) for column in zip(*look.tallies, strict=True)]
    room = marks_width(table)
    shape = _Shape(quantities=table.quantities, usual=usual, width=_NARROW if narrow else _WIDE)
    blocks = tuple(
        _block(row, tallies, shape, room=room, looks=looks)
        for row, tallies in zip(table.rows, look.tallies, strict=True)
    )
    widest = [
        max((line.cell_len for block in blocks for line in block.cells[place]), default=0)
        for place in range(len(table.columns))
    ]
    heads = [
        broken_sequence(name, width) for name, width in zip(table.columns, widest, strict=True)
    ]
    alike = len(set(usual)) == 1
    if not alike:
        runs = (f"{RUNS} {number}{' ' * room}" if number else "" for number in usual)
        heads = [(*head, line) for head, line in zip(heads, runs, strict=True)]
    return Parts(
        title_width=max((line.cell_len for block in blocks for line in block.title), default=0),
        label_width=max((line.cell_len for block in blocks for line in block.labels), default=0),
        widths=tuple(
            max(width, *map(len, head)) for width, head in zip(widest, heads, strict=True)
        ),
        heads=tuple(heads),
        blocks=blocks,
        runs=usual[0] if alike else None,
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


def _usual(tallies: Sequence[Tally | None]) -> int:
    """Return how many runs the most cells of a column have that have all; 0: none has."""
    whole = [tally.complete for tally in tallies if tally and tally.complete == tally.planned]
    return Counter(whole).most_common(1)[0][0] if whole else 0


class _Shape(Struct, frozen=True, kw_only=True):
    """What all rows have in common."""

    quantities: Sequence[str]
    """What their numbers are of: a line each."""
    usual: Sequence[int]
    """Of how many runs the columns say that they are."""
    width: int
    """Of their titles at most."""


def _block(
    row: Row, tallies: Sequence[Tally | None], shape: _Shape, *, room: int, looks: Looks
) -> Block:
    """Return a row: a line for each quantity, and more where there is more to say.

    Args:
        row: of the table.
        tallies: how far the runs of its cells are.
        shape: of all rows.
        room: characters for marks after a number.
        looks: colours.
    """
    cells = [cell_lines(cell, room, paper=False) for cell in row.cells]
    labels = list(shape.quantities)
    if any(map(_is_unusual, tallies, shape.usual)):
        labels.append(RUNS)
        _add(cells, [tally_text(tally, looks) for tally in tallies], room)
    if any(map(legend.paper, row.cells)):
        labels.append(PAPER)
        _add(cells, [Text(legend.paper(cell), style=looks.muted) for cell in row.cells], room)
    return Block(
        title=tuple(_title(row, len(labels), shape.width, looks)),
        labels=tuple(Text(label, style=looks.muted) for label in labels),
        cells=tuple(map(tuple, cells)),
    )


def _is_unusual(tally: Tally | None, usual: int) -> bool:
    return tally is not None and (tally.complete, tally.planned) != (usual, usual)


def _add(cells: Sequence[list[Text]], lines: Sequence[Text], room: int) -> None:
    """Put a line below the numbers of each cell, without making the column wider."""
    widest = max((line.cell_len for cell in cells for line in cell), default=0)
    for cell, line in zip(cells, lines, strict=True):
        cell.append(line.append(" " * min(room, max(0, widest - line.cell_len))))


def _title(row: Row, height: int, width: int, looks: Looks) -> Iterator[Text]:
    """Write a row's title, then what its rates have cost where there is a line for it."""
    lines = wrap(row.title, width, max_lines=height, placeholder="…")
    left = height - len(lines)
    below = wrap(_cost(row), width, max_lines=left, placeholder="…") if left else []
    yield from (Text(line, style="bold") for line in lines)
    yield from (Text(line, style=looks.muted) for line in below)
    yield from (Text() for _ in range(left - len(below)))


def _cost(row: Row) -> str:
    match legend.cost(row):
        case legend.NOTHING:
            cost = legend.NOTHING
        case legend.PUBLISHED:
            cost = f"{legend.PUBLISHED} tuned elsewhere"
        case epochs:
            cost = f"{epochs} epochs"
    tuned_on = legend.tuned_on(row)
    return cost if tuned_on == legend.NOTHING else f"{cost} on {tuned_on}"
