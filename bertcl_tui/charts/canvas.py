"""Axes, points and lines: the only place that knows the drawing library (plotext)."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from plotext._monitor import monitor_class

from bertcl_tui.charts.axis import Axis
from bertcl_tui.charts.glyphs import ACROSS, DOWN, Dots, Point, Polyline, clip
from bertcl_tui.charts.style import Palette, Sheet, Size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

AcrossColumns = Callable[[int], Axis]
"""Makes an x axis for so many columns."""

ROWS_BELOW: Final = 2
"""The x axis and its tick labels."""

_FEWEST_COLUMNS: Final = 2
DASHED: Final = (4, 6)
DOTTED: Final = (1, 4)
"""Dots that are drawn, of how many."""


class Canvas:
    """A plotting area with an axis on its left and one below.

    plotext draws axes, ticks and points. Its own functions share one figure in its module; a canvas
    has a plot to itself, gives it the number of a pen for a colour and reads back its cells rather
    than its ANSI text, so any Rich style will do and nothing is parsed. Lines are ours: see `Dots`.

    Args:
        size: columns and rows, axes included.
        x_axis: from the first to the last column.
        y_axis: from the last to the first row.
        style: of the axes.
    """

    def __init__(self, size: Size, x_axis: AcrossColumns, y_axis: Axis, style: str) -> None:
        labels = [f"{label} " for label in y_axis.labels]
        self.left = max(map(len, labels), default=0) + 1
        """The first column right of the y axis."""
        self.columns = max(size[0] - self.left, _FEWEST_COLUMNS)
        self.rows = size[1] - ROWS_BELOW
        """Between the axes."""
        across = x_axis(self.columns)
        self._x_range, self._y_range = across.range, y_axis.range
        self._dots = Dots(self.columns, self.rows)
        self._x = _Scale(*across.range, self.columns, ACROSS)
        bottom, top = y_axis.range
        self._y = _Scale(top, bottom, self.rows, DOWN)
        self._pens = [style]
        self._plot = monitor_class()
        self._plot.set_size([self.left + self.columns, size[1]])
        self._plot.set_ticks_color(0)
        self._plot.set_xaxes(lower=True, upper=False)
        self._plot.set_yaxes(left=True, right=False)
        self._plot.set_xlim(*across.range)
        self._plot.set_ylim(*y_axis.range)
        self._plot.set_xticks(self._x.centres_of(across.ticks), across.labels)
        self._plot.set_yticks(self._y.centres_of(y_axis.ticks), labels)
        self._plot.draw([], [])  # without data plotext draws no axes

    def column(self, x: float) -> int:
        """Return the column between the axes that a line passes at ``x``, or the nearest."""
        return self._x.cell(x)

    def row(self, y: float) -> int:
        """Return the row between the axes, from the top, that a line passes at ``y``."""
        return self._y.cell(y)

    def x_of(self, column: int) -> float:
        """Return the x in the middle of a column between the axes."""
        low, high = self._x_range
        return low + (high - low) * (column + 0.5) / self.columns

    def start_layer(self) -> None:
        """Let lines drawn from now on cover those drawn before."""
        self._dots.start_layer()

    def line(self, polyline: Polyline, style: str, *, heavy: bool = False) -> None:
        """Draw a line, one dot thick or two; a value that is not finite is a gap."""
        xs, ys = self._inside(polyline)
        columns, rows = self._x.dots_of(xs), self._y.dots_of(ys)
        self._dots.line(columns, rows, style)
        if heavy:
            self._dots.line(columns, rows + 1, style)

    def dashes(self, polyline: Polyline, style: str, pattern: tuple[int, int] = DASHED) -> None:
        """Draw a dashed line."""
        import numpy as np

        every = np.arange(self._dots.columns, dtype=np.float64)
        dots = every[every % pattern[1] < pattern[0]]
        xs, known = (np.asarray(values, dtype=np.float64) for values in polyline)
        ys = np.interp(self._x.values_of(dots), xs, known, left=np.nan, right=np.nan)
        self._dots.put(dots, self._y.dots_of(ys), style)

    def shade(
        self,
        xs: Sequence[float],
        low: Sequence[float],
        high: Sequence[float],
        style: str,
        turn: tuple[int, int] = (0, 2),
    ) -> None:
        """Strew dots between two lines, one in every other cell.

        Args:
            xs: of both lines.
            low: ys of the lower one.
            high: ys of the upper one.
            style: of the dots.
            turn: which of how many areas it is that lie over each other: each has cells of its own.
        """
        import numpy as np

        places = np.arange(0, self._dots.columns, ACROSS, dtype=np.float64)
        values = self._x.values_of(places)
        edges = [
            self._y.dots_of(np.interp(values, xs, ys, left=np.nan, right=np.nan))
            for ys in (high, low)
        ]
        across, down = np.meshgrid(places, np.arange(1, self._dots.rows, DOWN, dtype=np.float64))
        own = (across // ACROSS + down // DOWN) % turn[1] == turn[0]
        between = own & (down >= edges[0]) & (down <= edges[1])
        self._dots.put(across[between], down[between], style)

    def marks(self, points: Iterable[Point], glyph: str, style: str) -> None:
        """Put a glyph on the cell of each point, over lines; on the edge when it is outside."""
        import numpy as np

        places = np.array(list(points), dtype=np.float64).reshape(-1, 2)
        if not len(places):
            return
        if style not in self._pens:
            self._pens.append(style)
        columns, rows = self._x.cells_of(places[:, 0]), self._y.cells_of(places[:, 1])
        cells = np.unique(columns + self.columns * rows)
        xs = self._x.centres(cells % self.columns).tolist()
        ys = self._y.centres(cells // self.columns).tolist()
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

    def _inside(self, polyline: Polyline) -> "tuple[Numbers, Numbers]":
        """Return what of a line lies between the axes, NaN where it leaves them."""
        import numpy as np

        xs, ys = (np.asarray(values, dtype=np.float64) for values in polyline)
        (left, right), (low, high) = self._x_range, self._y_range
        if (left <= xs).all() and (xs <= right).all() and (low <= ys).all() and (ys <= high).all():
            return xs, ys
        points = np.array(list(clip(polyline, self._x_range, self._y_range))).reshape(-1, 2)
        return points[:, 0], points[:, 1]


class _Scale(Struct, frozen=True):
    """Values over cells, from the first dot of the first cell to the last dot of the last."""

    first: float
    last: float
    cells: int
    dots: int
    """Of a cell."""

    def dots_of(self, values: "Numbers") -> "Numbers":
        """Return the dots for values, NaN for NaN; beyond the cells where out of range."""
        import numpy as np

        shares = (values - self.first) / (self.last - self.first)
        return np.floor(shares * (self.cells * self.dots - 1) + 0.5)

    def values_of(self, dots: "Numbers") -> "Numbers":
        """Return the values that dots stand for."""
        return self.first + (self.last - self.first) * dots / (self.cells * self.dots - 1)

    def cells_of(self, values: "Numbers") -> "Numbers":
        """Return the cells that have the dots for values, or the nearest."""
        import numpy as np

        return np.clip(self.dots_of(values) // self.dots, 0, self.cells - 1)

    def cell(self, value: float) -> int:
        """Return the cell that has the dot for a value, or the nearest."""
        import numpy as np

        return int(self.cells_of(np.array([value]))[0])

    def centres_of(self, values: Iterable[float]) -> list[float]:
        """Return what plotext, whose ranges go from cell to cell, puts into the cells of values."""
        import numpy as np

        return list(map(float, self.centres(self.cells_of(np.array(list(values))))))

    def centres(self, cells: "Numbers") -> "Numbers":
        """Return what plotext puts into cells."""
        return self.first + (self.last - self.first) * cells / (self.cells - 1)


class Plot:
    """A sheet, a canvas on it, and where on the sheet the area between the axes is.

    Args:
        size: of the sheet.
        palette: for the axes.
        x_axis: of the canvas.
        y_axis: of the canvas.
        above: rows kept free above the canvas.
        right: columns kept free to the right of the canvas.
    """

    def __init__(
        self,
        size: Size,
        palette: Palette,
        x_axis: AcrossColumns,
        y_axis: Axis,
        *,
        above: int = 0,
        right: int = 0,
    ) -> None:
        self.sheet = Sheet(size)
        self.canvas = Canvas((size[0] - right, size[1] - above), x_axis, y_axis, palette.muted)
        self.left, self.top = self.canvas.left, above
        self.right = self.left + self.canvas.columns
        """The first column right of the area."""
        self.y_range = y_axis.range
        self.bottom = self.top + self.canvas.rows
        """The first row below the area: the x axis."""

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return the column and row of the sheet in which a line passes through a point."""
        return self.left + self.canvas.column(x), self.top + self.canvas.row(y)

    def lay_canvas(self) -> None:
        """Lay the canvas over what is on the sheet."""
        self.canvas.draw_on(self.sheet, self.top)

    def write_x_unit(self, unit: str, style: str) -> None:
        """Write what x means at the right end: beside the tick labels, or over the axis."""
        unit = f" {unit}"
        start = self.sheet.columns - len(unit)
        beside = self.sheet.is_free(start, self.bottom + 1, len(unit))
        self.sheet.write(start, self.bottom + beside, unit, style)
