"""Braille: two by four dots in a terminal cell."""

from collections.abc import Iterable, Iterator
from typing import Final

from bertcl_tui.charts.sheet import Cell

ACROSS: Final = 2
DOWN: Final = 4
"""Dots of a cell."""

Dot = tuple[int, int]
"""Column and row of a dot, from the top left."""

_BLANK: Final = 0x2800
_NO_DOTS: Final = (0, -1, "")
_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Dots:
    """Columns × rows of cells to draw dots in, layer by layer.

    Where lines of a layer meet in a cell, the dots of all stay, in the style of the last; a higher
    layer clears the cell first. (plotext clears it for every line, so that lines that run side by
    side tear holes into each other; and eight lines take it longer than a chart may take.)
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns * ACROSS, rows * DOWN
        self._layer = 0
        self._cells: dict[tuple[int, int], tuple[int, int, str]] = {}

    def start_layer(self) -> None:
        """Let what is drawn from now on cover what was drawn before."""
        self._layer += 1

    def line(self, dots: Iterable[Dot | None], style: str) -> None:
        """Draw straight lines from dot to dot; None is a gap."""
        last: Dot | None = None
        for dot in dots:
            if dot is not None and dot != last:
                self.put(_between(last, dot) if last else (dot,), style)
            last = dot

    def put(self, dots: Iterable[Dot], style: str) -> None:
        """Draw dots; those outside are dropped."""
        cells, now = self._cells, self._layer
        for x, y in dots:
            if 0 <= x < self.columns and 0 <= y < self.rows:
                cell = x // ACROSS, y // DOWN
                bits, layer, _ = cells.get(cell, _NO_DOTS)
                bit = _BITS[y % DOWN][x % ACROSS]
                cells[cell] = (bits | bit if layer == now else bit, now, style)

    def cells(self) -> Iterator[tuple[int, int, Cell]]:
        """Yield the column and row of each cell that has dots, and the cell."""
        for (column, row), (bits, _, style) in self._cells.items():
            yield column, row, (chr(_BLANK + bits), style)


def _between(start: Dot, stop: Dot) -> Iterator[Dot]:
    """Yield the dots of a straight line after its start."""
    (x, y), across, down = start, stop[0] - start[0], stop[1] - start[1]
    steps = max(abs(across), abs(down))
    half = steps // 2
    for step in range(1, steps + 1):
        yield x + (step * across + half) // steps, y + (step * down + half) // steps
