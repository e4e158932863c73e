"""Lines as lists of points: cut to a range, read between points."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import ceil, isfinite, nan

Range = tuple[float, float]
Point = tuple[float, float]
Polyline = tuple[Sequence[float], Sequence[float]]

_GAP: Point = (nan, nan)


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
    kept = _kept(ys[:count], most)
    return [xs[index] for index in kept], [ys[index] for index in kept]


def _kept(ys: Sequence[float], most: int) -> list[int]:
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
