"""Axes: a range, its ticks and their labels, fitted to cells."""

from collections.abc import Iterable
from math import ceil, floor, isfinite, log1p, log10
from typing import Final, Self

from msgspec import Struct

from bertcl_tui.charts.polyline import Range
from bertcl_tui.charts.ticks import linear_ticks, log_ticks, tick_labels

_COLUMNS_PER_TICK: Final = 10
_ROWS_PER_TICK: Final = 4
_MOST_BETWEEN: Final = 6
_DIGITS: Final = (1, 2, 5)
_MIDDLE: Final = 0.375  # of a row, from its last dot: dots are a quarter apart, four to a row
_SLACK: Final = 1e-9
_THOUSANDS: Final = 10_000  # from here on written with a k


class Axis(Struct, frozen=True):
    """A range and the ticks on it."""

    range: Range
    ticks: tuple[float, ...]
    names: tuple[str, ...] = ()
    """Of the ticks, where they say something else than where these are."""

    @classmethod
    def across_decades(cls, limits: Range, columns: int) -> Self:
        """Return an x axis of log(1 + x), which has room for x = 0."""
        low, high = limits
        most = max(2, columns // _COLUMNS_PER_TICK + 1)
        steps = log_ticks(max(low, 1.0), max(high, 2.0), most)
        ticks = [step for step in (0.0, *steps) if low <= step <= high]
        return cls(
            (log1p(low), log1p(high)),
            tuple(map(log1p, ticks)),
            tuple(f"{tick:.0f}" if tick < _THOUSANDS else f"{tick / 1e3:g}k" for tick in ticks),
        )

    @classmethod
    def across(cls, limits: Range, columns: int) -> Self:
        """Return an x axis of exactly that range."""
        return cls(limits, linear_ticks(*limits, max(2, columns // _COLUMNS_PER_TICK + 1)))

    @classmethod
    def upwards(cls, limits: Range, rows: int) -> Self:
        """Return a y axis of exactly that range."""
        return cls(limits, linear_ticks(*limits, max(2, rows // _ROWS_PER_TICK + 1)))

    @classmethod
    def around(cls, values: Iterable[float], rows: int) -> Self:
        """Return a y axis around the finite values, its ticks in the middle of rows.

        Ticks are evenly spaced so, room is left at the bottom only, and a live chart changes its
        range by whole rows or not at all.
        """
        finite = [value for value in values if isfinite(value)]
        low, high = min(finite), max(finite)
        if low == high:
            margin = abs(low) / 20 or 1.0
            low, high = low - margin, high + margin
        height, between = next(
            (height, between)
            for height, between in _row_heights((high - low) / rows, rows)
            if _bottom(_top_row(high, height), height, rows) <= low + _SLACK * height
        )
        top = _top_row(high, height)
        ticks = [row * height for row in range(top - rows + 1, top + 1) if row % between == 0]
        limits = (_bottom(top, height, rows), (top + _MIDDLE) * height)
        return cls(limits, tuple(ticks))

    @property
    def labels(self) -> tuple[str, ...]:
        """One for each tick."""
        return self.names or tick_labels(self.ticks)


def _row_heights(least: float, rows: int) -> list[tuple[float, int]]:
    """Return heights of a row, low to high, with how many rows make a 1-2-5 step.

    Of ways to get one height the one with the better number of rows between ticks comes first.
    """
    power = floor(log10(least))
    liked = min(_ROWS_PER_TICK, rows / _ROWS_PER_TICK)
    heights = [
        (digit * 10.0**exponent / between, between)
        for exponent in range(power, power + 3)
        for digit in _DIGITS
        for between in range(2, min(_MOST_BETWEEN, rows // 2) + 1)  # so two ticks at least
    ]
    return sorted(
        (height for height in heights if height[0] >= least),
        key=lambda height: (round(log10(height[0]), 9), abs(height[1] - liked)),
    )


def _top_row(high: float, height: float) -> int:
    """Return the number of the row, counted from y = 0, that holds ``high``."""
    return ceil(high / height - _MIDDLE - _SLACK)


def _bottom(top: int, height: float, rows: int) -> float:
    return (top - rows + 1 - _MIDDLE) * height
