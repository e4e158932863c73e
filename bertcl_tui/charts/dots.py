"""Braille: two by four dots in a terminal cell."""

from collections.abc import Iterator, Sequence
from math import isfinite, log, nan
from typing import TYPE_CHECKING, Final

from bertcl_tui.charts.polyline import Range
from bertcl_tui.charts.sheet import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]
    Whole = NDArray[np.int64]


ACROSS: Final = 2
DOWN: Final = 4
"""Dots of a cell."""

_BLANK: Final = 0x2800
_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Dots:
    """Columns × rows of cells to draw dots in, layer by layer.

    Where lines of a layer meet in a cell, the dots of all stay, in the style of the last; a higher
    layer clears the cell first. (plotext clears it for every line, so that lines that run side by
    side tear holes into each other; and eight lines take it longer than a chart may take.)
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns * ACROSS, rows * DOWN
        self._styles = [""]
        self._layers = [_Layer(columns, rows)]
        self._size = columns, rows

    def start_layer(self) -> None:
        """Let what is drawn from now on cover what was drawn before."""
        self._layers.append(_Layer(*self._size))

    def line(self, xs: "Numbers", ys: "Numbers", style: str) -> None:
        """Draw straight lines from dot to dot, counted from the top left; NaN is a gap."""
        import numpy as np

        places = np.array([xs, ys], dtype=np.float64)
        there = np.isfinite(places[0]) & np.isfinite(places[1])
        joined = there[:-1] & there[1:]
        dots = np.where(there, places, 0).astype(np.int64)
        self._put(np.hstack([dots[:, there], _between(dots[:, :-1], dots[:, 1:], joined)]), style)

    def put(self, xs: "Numbers", ys: "Numbers", style: str) -> None:
        """Draw dots; those outside are dropped, and so is NaN."""
        import numpy as np

        places = np.array([xs, ys], dtype=np.float64)
        self._put(places[:, np.isfinite(places).all(axis=0)].astype(np.int64), style)

    def _put(self, dots: "Whole", style: str) -> None:
        xs, ys = dots
        inside = (xs >= 0) & (xs < self.columns) & (ys >= 0) & (ys < self.rows)
        self._styles.append(style)
        self._layers[-1].put(xs[inside], ys[inside], len(self._styles) - 1)

    def cells(self) -> Iterator[tuple[int, int, Cell]]:
        """Yield the column and row of each cell that has dots, and the cell."""
        import numpy as np

        bits, styles = self._layers[0].cells()
        for layer in self._layers[1:]:
            above, its_styles = layer.cells()
            bits = np.where(above, above, bits)
            styles = np.where(above, its_styles, styles)
        rows, columns = np.nonzero(bits)
        found = (columns, rows, bits[rows, columns], styles[rows, columns])
        for column, row, pattern, style in zip(*(each.tolist() for each in found), strict=True):
            yield column, row, (chr(_BLANK + pattern), self._styles[style])


class _Layer:
    """Dots that do not cover each other."""

    def __init__(self, columns: int, rows: int) -> None:
        import numpy as np

        self._dots = np.zeros((rows * DOWN, columns * ACROSS), dtype=np.bool_)
        self._styles = np.zeros((rows, columns), dtype=np.int64)

    def put(self, xs: "Whole", ys: "Whole", style: int) -> None:
        self._dots[ys, xs] = True
        self._styles[ys // DOWN, xs // ACROSS] = style

    def cells(self) -> "tuple[Whole, Whole]":
        """Return the dots of each cell as bits of a Braille character, and its style."""
        import numpy as np

        rows, columns = self._styles.shape
        dots = self._dots.reshape(rows, DOWN, columns, ACROSS)
        return np.einsum("rdca,da->rc", dots, np.array(_BITS)), self._styles


def _between(starts: "Whole", stops: "Whole", joined: "NDArray[np.bool_]") -> "Whole":
    """Return the dots of the straight lines that are joined, after their starts."""
    import numpy as np

    starts, way = starts[:, joined], (stops - starts)[:, joined]
    steps = np.abs(way).max(axis=0, initial=0)
    line = np.repeat(np.arange(len(steps)), steps)
    step = np.arange(len(line)) - np.repeat(np.cumsum(steps) - steps, steps) + 1
    between: Whole = starts[:, line] + (step * way[:, line] + steps[line] // 2) // steps[line]
    return between


COLUMNS: Final = "▁▂▃▄▅▆▇█"

_PARTS: Final = " ▏▎▍▌▋▊▉"
_EIGHTHS: Final = 8


def bar(share: float, width: int) -> str:
    """Return a horizontal bar over ``share`` (0..1) of ``width`` cells; never nothing at all."""
    eighths = max(1, round(min(max(share, 0.0), 1.0) * width * _EIGHTHS))
    full, part = divmod(eighths, _EIGHTHS)
    return "█" * full + (_PARTS[part] if part else "")


def column(share: float) -> str:
    """Return the column character for ``share`` (0..1); a blank when it is NaN."""
    if not isfinite(share):
        return " "
    return COLUMNS[round(min(max(share, 0.0), 1.0) * (len(COLUMNS) - 1))]


def log_share(value: float, bounds: Range) -> float:
    """Return where on a log axis ``value`` is, 0 at the lower bound and 1 at the upper."""
    low, high = bounds
    return log(value / low) / log(high / low)


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the course of ``values`` in at most ``width`` characters, from lowest to highest.

    Of more values than characters the last of each stretch is shown; one that is not finite is a
    blank.
    """
    count = min(len(values), max(width, 0))
    shown = [values[(index + 1) * len(values) // count - 1] for index in range(count)]
    finite = [value for value in shown if isfinite(value)]
    if not finite:
        return " " * count
    low, high = min(finite), max(finite)
    if low == high:
        return "".join(column(0.5 if isfinite(value) else nan) for value in shown)
    return "".join(column((value - low) / (high - low)) for value in shown)


def rate_glyphs(learning_rates: Sequence[float], bounds: Range) -> str:
    """Return one character per choice: its learning rate on a log axis over ``bounds``."""
    return "".join(column(log_share(rate, bounds)) if rate > 0 else " " for rate in learning_rates)
