"""Axes, points and lines: the only place that knows the drawing library (plotext)."""

from collections.abc import Iterable
from math import floor, isfinite
from typing import Final

from msgspec import Struct
from plotext._monitor import monitor_class

from bertcl_tui.charts.axis import Axis
from bertcl_tui.charts.dots import ACROSS, DOWN, Dot, Dots
from bertcl_tui.charts.polyline import Point, Polyline, Range, clip, interpolate
from bertcl_tui.charts.sheet import Sheet
from bertcl_tui.charts.style import Size

ROWS_BELOW: Final = 2
"""The x axis and its tick labels."""

_FEWEST_COLUMNS: Final = 2
_DASH: Final = 4  # dots
_DASH_AND_GAP: Final = 6


class Canvas:
    """A plotting area with an axis on its left and one below.

    plotext draws axes, ticks and points. Its own functions share one figure in its module; a canvas
    has a plot to itself, gives it the number of a pen for a colour and reads back its cells rather
    than its ANSI text, so any Rich style will do and nothing is parsed. Lines are ours: see `Dots`.

    Args:
        size: columns and rows, axes included.
        x_range: from the first to the last column.
        y_axis: from the last to the first row.
        style: of the axes.
    """

    def __init__(self, size: Size, x_range: Range, y_axis: Axis, style: str) -> None:
        labels = [f"{label} " for label in y_axis.labels]
        self.left = max(map(len, labels), default=0) + 1
        """The first column right of the y axis."""
        self.columns = max(size[0] - self.left, _FEWEST_COLUMNS)
        self.rows = size[1] - ROWS_BELOW
        """Between the axes."""
        self._x_range, self._y_range = x_range, y_axis.range
        self._dots = Dots(self.columns, self.rows)
        self._x = _Scale(*x_range, self.columns, ACROSS)
        bottom, top = y_axis.range
        self._y = _Scale(top, bottom, self.rows, DOWN)
        self._pens = [style]
        self._plot = monitor_class()
        self._plot.set_size([self.left + self.columns, size[1]])
        self._plot.set_ticks_color(0)
        self._plot.set_xaxes(lower=True, upper=False)
        self._plot.set_yaxes(left=True, right=False)
        self._plot.set_xlim(*x_range)
        self._plot.set_ylim(*y_axis.range)
        x_axis = Axis.across(x_range, self.columns)
        xs = [self._x.centre(self._x.cell(tick)) for tick in x_axis.ticks]
        ys = [self._y.centre(self._y.cell(tick)) for tick in y_axis.ticks]
        self._plot.set_xticks(xs, x_axis.labels)
        self._plot.set_yticks(ys, labels)
        self._plot.draw([], [])  # without data plotext draws no axes

    def column(self, x: float) -> int:
        """Return the column between the axes that a line passes at ``x``, or the nearest."""
        return self._x.cell(x)

    def row(self, y: float) -> int:
        """Return the row between the axes, from the top, that a line passes at ``y``."""
        return self._y.cell(y)

    def start_layer(self) -> None:
        """Let lines drawn from now on cover those drawn before."""
        self._dots.start_layer()

    def line(self, polyline: Polyline, style: str, *, heavy: bool = False) -> None:
        """Draw a line, one dot thick or two; a value that is not finite is a gap."""
        dots = self._place(clip(polyline, self._x_range, self._y_range))
        self._dots.line(dots, style)
        if heavy:
            self._dots.line([dot and (dot[0], dot[1] + 1) for dot in dots], style)

    def dashes(self, polyline: Polyline, style: str) -> None:
        """Draw a dashed line."""
        on = (dot for dot in range(self._dots.columns) if dot % _DASH_AND_GAP < _DASH)
        points = [(x, interpolate(x, polyline)) for x in map(self._x.value, on)]
        self._dots.put(filter(None, self._place(points)), style)

    def marks(self, points: Iterable[Point], glyph: str, style: str) -> None:
        """Put a glyph on the cell of each point, over lines; on the edge when it is outside."""
        cells = {(self._x.cell(x), self._y.cell(y)) for x, y in points}
        if not cells:
            return
        if style not in self._pens:
            self._pens.append(style)
        xs = [self._x.centre(column) for column, _ in cells]
        ys = [self._y.centre(row) for _, row in cells]
        self._plot.draw(xs, ys, marker=glyph, color=self._pens.index(style))

    def draw_on(self, sheet: Sheet, top: int) -> None:
        """Write everything on a sheet, from its first column and from row ``top`` on."""
        for column, row, (character, style) in self._dots.cells():
            sheet.write(self.left + column, top + row, character, style)
        self._plot.build_plot()
        cells = self._plot.matrix
        rows = zip(reversed(cells.marker), reversed(cells.fullground), strict=True)
        for row, (characters, pens) in enumerate(rows, top):
            for column, character in enumerate(characters):
                if character != " ":
                    sheet.write(column, row, character, self._pens[pens[column]])

    def _place(self, points: Iterable[Point]) -> list[Dot | None]:
        return [
            (self._x.dot(x), self._y.dot(y)) if isfinite(x) and isfinite(y) else None
            for x, y in points
        ]


class _Scale(Struct, frozen=True):
    """Values over cells, from the first dot of the first cell to the last dot of the last."""

    first: float
    last: float
    cells: int
    dots: int
    """Of a cell."""

    def dot(self, value: float) -> int:
        """Return the dot for a value; one beyond the cells when it is out of range."""
        share = (value - self.first) / (self.last - self.first)
        return floor(share * (self.cells * self.dots - 1) + 0.5)

    def value(self, dot: int) -> float:
        """Return the value that a dot stands for."""
        return self.first + (self.last - self.first) * dot / (self.cells * self.dots - 1)

    def cell(self, value: float) -> int:
        """Return the cell that has the dot for a value, or the nearest."""
        return min(max(self.dot(value) // self.dots, 0), self.cells - 1)

    def centre(self, cell: int) -> float:
        """Return the value that plotext, whose ranges go from cell to cell, puts into a cell."""
        return self.first + (self.last - self.first) * cell / (self.cells - 1)
