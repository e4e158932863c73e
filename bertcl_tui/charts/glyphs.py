"""What cells are filled with: braille dots, blocks, bars, sparklines, and lines through points."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import ceil, isfinite, log, nan
from typing import TYPE_CHECKING, Final

from bertcl_tui.charts.style import Cell

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]
    Whole = NDArray[np.int64]

Range = tuple[float, float]
Point = tuple[float, float]
Polyline = tuple[Sequence[float], Sequence[float]]

_GAP: Point = (nan, nan)
ACROSS: Final = 2
DOWN: Final = 4
"""Dots of a cell."""
_BLANK: Final = 0x2800
_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
COLUMNS: Final = "▁▂▃▄▅▆▇█"
_PARTS: Final = " ▏▎▍▌▋▊▉"
_EIGHTHS: Final = 8


def clip(line: Polyline, x_range: Range, y_range: Range) -> Iterator[Point]:
    """Yield the points of the parts inside both ranges, with a NaN point between parts.

    A value that is not finite is a gap, too.
    """
    before: Point | None = None
    end: Point | None = None
    for point in zip(*line, strict=False):
        if not (isfinite(point[0]) and isfinite(point[1])):
            before = None
            continue
        part = _inside(before or point, point, x_range, y_range)
        before = point
        if part is None:
            continue
        if part[0] != end:
            if end is not None:
                yield _GAP
            yield part[0]
        if part[1] != part[0]:
            yield part[1]
        end = part[1]


def _inside(
    start: Point, stop: Point, x_range: Range, y_range: Range
) -> tuple[Point, Point] | None:
    """Return the part of a straight line that lies in a rectangle (Liang and Barsky 1984)."""
    if _holds(start, x_range, y_range) and _holds(stop, x_range, y_range):
        return start, stop
    enter, leave = 0.0, 1.0
    for axis, (low, high) in enumerate((x_range, y_range)):
        length = stop[axis] - start[axis]
        if not length:
            if not low <= start[axis] <= high:
                return None
            continue
        first, last = sorted(((low - start[axis]) / length, (high - start[axis]) / length))
        enter, leave = max(enter, first), min(leave, last)
    if enter > leave:
        return None
    return _at(start, stop, enter), _at(start, stop, leave)


def _holds(point: Point, x_range: Range, y_range: Range) -> bool:
    return x_range[0] <= point[0] <= x_range[1] and y_range[0] <= point[1] <= y_range[1]


def _at(start: Point, stop: Point, share: float) -> Point:
    if share in {0.0, 1.0}:  # the very point, so that parts join
        return stop if share else start
    return (
        start[0] + share * (stop[0] - start[0]),
        start[1] + share * (stop[1] - start[1]),
    )


def within(line: Polyline, x_range: Range) -> Polyline:
    """Return the part of a line (xs ascending) over a range, cut at its ends."""
    xs, ys = line
    low, high = x_range
    first, stop = bisect_left(xs, low), bisect_right(xs, high)
    if first == 0 and stop == len(xs):
        return line
    points = list(zip(xs[first:stop], ys[first:stop], strict=False))
    ends = [(x, interpolate(x, line)) for x in x_range]
    before = ends[:1] if isfinite(ends[0][1]) and (not points or points[0][0] > low) else []
    after = ends[1:] if isfinite(ends[1][1]) and (not points or points[-1][0] < high) else []
    whole = [*before, *points, *after]
    return [x for x, _ in whole], [y for _, y in whole]


def interpolate(x: float, line: Polyline) -> float:
    """Return the line's y at ``x`` (xs ascending); NaN before its first and after its last x."""
    xs, ys = line
    if not xs or not xs[0] <= x <= xs[-1]:
        return nan
    right = bisect_left(xs, x)
    if xs[right] == x:
        return ys[right]
    share = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + share * (ys[right] - ys[right - 1])


def min_max(xs: Sequence[float], ys: Sequence[float], most: int) -> tuple[list[float], list[float]]:
    """Keep at most ``most`` points (4 or more): the ends, and each bucket's lowest and highest.

    Peaks survive, which a plain stride would lose. A bucket without a finite value becomes one
    gap.
    """
    count = min(len(xs), len(ys))
    if count <= most:
        return list(xs[:count]), list(ys[:count])
    indices = _extremes(ys[:count], most)
    return [xs[index] for index in indices], [ys[index] for index in indices]


def _extremes(ys: Sequence[float], most: int) -> list[int]:
    """Return which points stay, in order."""
    import numpy as np

    inner = len(ys) - 2
    width = ceil(inner / ((most - 2) // 2))
    buckets = ceil(inner / width)
    padded = np.full(buckets * width, np.nan)
    padded[:inner] = ys[1:-1]
    values = padded.reshape(buckets, width)
    finite = np.isfinite(values)
    starts = 1 + width * np.arange(buckets)
    lows = np.where(finite, values, np.inf).argmin(axis=1)  # the first one where none is finite
    highs = np.where(finite, values, -np.inf).argmax(axis=1)
    ends = (0, len(ys) - 1)
    return list(np.unique(np.concatenate([starts + lows, starts + highs, ends])).tolist())


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


def area(shares: Sequence[float], rows: int) -> list[str]:
    """Return rows of braille, top first, filled from below; two shares (0..1) to a character.

    What is not quite nothing has a dot; NaN has none.
    """
    heights = [
        max(int(share > 0), round(min(share, 1.0) * rows * DOWN)) if isfinite(share) else 0
        for share in shares
    ]
    pairs = list(zip(heights[::ACROSS], heights[1::ACROSS], strict=True))
    return [
        "".join(_filled(pair, (rows - row) * DOWN) for pair in pairs) for row in range(1, rows + 1)
    ]


def _filled(heights: tuple[int, int], below: int) -> str:
    """Return the cell with ``below`` dots under it, of two columns of so many dots."""
    dots = (
        _BITS[DOWN - 1 - dot][side]
        for side, height in enumerate(heights)
        for dot in range(min(height - below, DOWN))
    )
    return chr(_BLANK + sum(dots))


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
