"""A band around a curve: what chance does to a share of so few rows, or how several differ."""

from collections.abc import Sequence
from math import isfinite, nan, sqrt
from statistics import NormalDist
from typing import Final

from bertcl_tui.charts.glyphs import Range
from bertcl_tui.charts.series import Series

CONFIDENCE: Final = 0.95
FEWEST: Final = 10
"""Rows that a chart is high at least: fewer, and what a row or two do would fill it."""
_Z: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def interval(share: float, rows: int) -> Range:
    """Return the 95 % interval of a share that was seen in so many rows (Wilson 1927)."""
    weight = 1 + _Z**2 / rows
    middle = (share + _Z**2 / (2 * rows)) / weight
    half = _Z * sqrt(share * (1 - share) / rows + (_Z / (2 * rows)) ** 2) / weight
    return middle - half, middle + half


def band_of(line: Series) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the lower and the upper edge of a line's band; gaps where the line has them.

    A mean of several has its own. Nothing, where it is not known of how many rows the values of a
    line are shares.
    """
    if line.low and line.high:
        return tuple(line.low), tuple(line.high)
    if not line.rows:
        return (), ()
    edges = [interval(y, line.rows) if 0 <= y <= 1 else (nan, nan) for y in line.ys]
    return tuple(low for low, _ in edges), tuple(high for _, high in edges)


def least_span(lines: Sequence[Series]) -> float:
    """Return how much a chart of these lines shows at least, as far as that is known."""
    return max((FEWEST / line.rows for line in lines if line.rows), default=0.0)


def widened(values: Sequence[float], span: float) -> list[float]:
    """Return values with two more where they lie closer together than that, all within 0 to 1."""
    known = [value for value in values if isfinite(value)]
    if not span or not known or max(known) - min(known) >= span:
        return list(values)
    middle = (min(known) + max(known)) / 2
    low = min(max(0.0, middle - span / 2), max(0.0, 1 - span))
    return [*values, low, min(1.0, low + span)]
