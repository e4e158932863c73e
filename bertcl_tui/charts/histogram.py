"""How many rows are of which length, and where they are cut in two."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import Axis
from bertcl_tui.charts.canvas import ROWS_BELOW, Plot
from bertcl_tui.charts.glyphs import COLUMNS
from bertcl_tui.charts.style import Palette, Size, message, too_small

_SMALLEST: Final = (24, 6)
_ABOVE: Final = 1  # the sides' names
_EIGHTHS: Final = len(COLUMNS)
_TAIL: Final = 0.02  # of all rows, at most; longer ones are counted, not drawn
_AXIS: Final = 2  # columns of the y axis beside its labels


class Count(Struct, frozen=True):
    """How many rows of one length are on each side."""

    value: int
    left: int
    right: int


def draw_histogram(
    counts: Sequence[Count],
    size: Size,
    palette: Palette,
    *,
    sides: tuple[str, str],
    cut: float | None,
    unit: str,
) -> Text:
    """Draw a column for each length, or for a few that follow each other.

    Args:
        counts: ascending by length.
        size: columns and rows of the result.
        palette: the theme's colours.
        sides: what the two sides are called.
        cut: the last length on the left; None: it is no length that tells the sides apart.
        unit: of the lengths.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    if not counts:
        return message("no row measured yet", size, palette.muted)
    return _Histogram(counts, size, palette, unit).drawn(sides, cut)


class _Histogram:
    def __init__(self, counts: Sequence[Count], size: Size, palette: Palette, unit: str) -> None:
        self._palette, self._unit = palette, unit
        rows = sum(count.left + count.right for count in counts)
        room = size[0] - len(f"{rows}") - _AXIS
        self._width, longest = _fitted(counts, room)
        self._beyond = sum(c.left + c.right for c in counts if c.value > longest)
        self._bins = _binned(counts, longest, self._width)
        self._columns_per_bin = max(1, room // len(self._bins))
        highest = max(each.left + each.right for each in self._bins)
        y_axis = Axis.upwards((0.0, float(highest)), size[1] - _ABOVE - ROWS_BELOW)
        self._plot = Plot(size, palette, self._x_axis, y_axis, above=_ABOVE)
        self._eighths_per_row = self._plot.canvas.rows * _EIGHTHS / highest

    def drawn(self, sides: tuple[str, str], cut: float | None) -> Text:
        """Draw columns, cut and names."""
        self._plot.lay_canvas()
        for index, each in enumerate(self._bins):
            self._draw_column(self._plot.left + index * self._columns_per_bin, each)
        if cut is not None:
            self._draw_cut(cut, sides)
        else:
            words = f"{sides[0]} and {sides[1]} at random"
            self._plot.sheet.write(self._plot.left, 0, words, self._palette.text)
        self._plot.write_x_unit(self._unit, self._palette.muted)
        if self._beyond:
            words = f"{self._beyond:,} longer →"
            start = self._plot.sheet.columns - len(words)
            self._plot.sheet.write(start, self._plot.top, words, self._palette.muted)
        return self._plot.sheet.to_text()

    def _x_axis(self, columns: int) -> Axis:
        """Go from the length at the first column to that at the last, so that bins are centred."""
        per_column = self._width / self._columns_per_bin
        first = ((self._width - 1) - (self._columns_per_bin - 1) * per_column) / 2
        return Axis.across((first, first + (columns - 1) * per_column), columns)

    def _draw_column(self, column: int, each: Count) -> None:
        left, total = (
            round(count * self._eighths_per_row) for count in (each.left, each.left + each.right)
        )
        if each.left or each.right:
            total = max(total, 1)
        below, above = self._palette.series[0], self._palette.series[1]
        for row in range(self._plot.canvas.rows):
            base = row * _EIGHTHS
            filled, of_left = total - base, left - base
            if filled <= 0:
                return
            block = COLUMNS[min(filled, _EIGHTHS) - 1]
            style = below if of_left >= min(filled, _EIGHTHS) else above
            if 0 < of_left < _EIGHTHS <= filled:
                block, style = COLUMNS[of_left - 1], f"{below} on {above}"
            at = self._plot.bottom - 1 - row
            self._plot.sheet.write(column, at, block * self._columns_per_bin, style)

    def _draw_cut(self, cut: float, sides: tuple[str, str]) -> None:
        bins = int(cut) // self._width + 1
        column = min(self._plot.left + bins * self._columns_per_bin, self._plot.sheet.columns - 1)
        for row in range(self._plot.top, self._plot.bottom):
            if self._plot.sheet.is_free(column, row, 1):
                self._plot.sheet.write(column, row, "┊", self._palette.text)
        left, right = f"{sides[0]} ", f" {sides[1]}"
        start = min(max(column - len(left), 0), self._plot.sheet.columns - len(left + right) - 1)
        self._plot.sheet.write(start, 0, left, f"bold {self._palette.series[0]}")
        self._plot.sheet.write(start + len(left), 0, "┊", self._palette.text)
        self._plot.sheet.write(start + len(left) + 1, 0, right, f"bold {self._palette.series[1]}")


def _fitted(counts: Sequence[Count], columns: int) -> tuple[int, int]:
    """Return how many lengths a column stands for, and the longest that is drawn.

    All but a small share of the rows are in these columns.
    """
    so_far = list(accumulate(count.left + count.right for count in counts))
    needed = next(
        count.value
        for count, rows in zip(counts, so_far, strict=True)
        if rows >= (1 - _TAIL) * so_far[-1]
    )
    width = needed // columns + 1
    return width, min(counts[-1].value, width * columns - 1)


def _binned(counts: Sequence[Count], longest: int, width: int) -> list[Count]:
    left, right = ([0] * (longest // width + 1) for _ in range(2))
    for count in counts:
        if count.value <= longest:
            left[count.value // width] += count.left
            right[count.value // width] += count.right
    sides = zip(left, right, strict=True)
    return [Count(index * width, *both) for index, both in enumerate(sides)]
