"""Axes: a range, its ticks and their labels, fitted to cells."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, floor, isfinite, log1p, log10
from typing import Final, Self

from msgspec import Struct

from bertcl_tui.charts.glyphs import Range

_STEP_DIGITS: Final = (1, 2, 5)
_FEW_DECADES: Final = 2
_SLACK: Final = 1e-9  # of a step or a row: what rounding may have moved a tick
_SMALLEST_DECIMAL: Final = 1e-4  # below, zeros would have to be counted
_UNITS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_COLUMNS_PER_TICK: Final = 10
_ROWS_PER_TICK: Final = 4
_MOST_BETWEEN: Final = 6  # rows between two ticks
_LINE_IN_ROW: Final = 0.375  # of a row, from its last dot: dots are a quarter apart, four to a row
_THOUSANDS: Final = 10_000  # from here on written with a k


def tick_step(low: float, high: float, most: int) -> float:
    """Return the smallest of …, 0.1, 0.2, 0.5, 1, … with at most ``most`` (≥ 2) ticks in low..high.

    Raises:
        ValueError: low..high is empty.
    """
    if not low < high:
        raise ValueError(f"an axis from {low} to {high} has no length")
    power = floor(log10((high - low) / most)) - 1
    while True:
        for digit in _STEP_DIGITS:
            step = digit * 10.0**power
            if floor(high / step + _SLACK) - ceil(low / step - _SLACK) < most:
                return step
        power += 1


def linear_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return the multiples of a 1-2-5 step in low..high, at most ``most`` (≥ 2)."""
    step = tick_step(low, high, most)
    indices = range(ceil(low / step - _SLACK), floor(high / step + _SLACK) + 1)
    return tuple(index * step for index in indices)


def log_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return the decades in low..high: with 2 and 5 between where few, thinned where many.

    Raises:
        ValueError: low..high is empty or not positive.
    """
    if not 0 < low < high:
        raise ValueError(f"a log axis cannot go from {low} to {high}")
    bottom, top = log10(low), log10(high)
    powers = range(floor(bottom), ceil(top) + 1)
    fine = _within(bottom, top, (digit * 10.0**power for power in powers for digit in _STEP_DIGITS))
    if top - bottom <= _FEW_DECADES + _SLACK and len(fine) <= most:
        return fine
    decades = _within(bottom, top, (10.0**power for power in powers))
    return decades[:: max(1, ceil(len(decades) / most))]


def _within(bottom: float, top: float, ticks: Iterable[float]) -> tuple[float, ...]:
    return tuple(tick for tick in ticks if bottom - _SLACK <= log10(tick) <= top + _SLACK)


def tick_labels(ticks: Sequence[float]) -> tuple[str, ...]:
    """Write round ticks with just the digits that tell them apart: 0.85, 150, 20k."""
    steps = [after - before for before, after in pairwise(ticks)]
    if not steps:
        return tuple(map(value_label, ticks))
    step = min(steps)
    if step < _SMALLEST_DECIMAL * (1 - _SLACK):
        return tuple(map(rate_label, ticks))
    largest = max(map(abs, ticks))
    unit, suffix = next(
        (unit for unit in _UNITS if largest >= 10 * unit[0] and step >= unit[0] / 10), (1.0, "")
    )
    decimals = max(0, -floor(log10(step / unit) + _SLACK))
    return tuple(f"{tick / unit:.{decimals}f}{suffix}" if tick else "0" for tick in ticks)


def value_label(value: float) -> str:
    """Write a measured value with four digits or so: 0.884, 1.250, 17.3, 1280."""
    for limit, decimals in ((100.0, 0), (10.0, 1), (1e-3, 3)):
        if abs(value) >= limit:
            return f"{value:.{decimals}f}"
    return rate_label(value)


def rate_label(rate: float) -> str:
    """Write a learning rate: ``1e-5`` where it is round, else with two digits, ``3.2e-6``."""
    if not rate:
        return "0"
    mantissa, exponent = f"{rate:.1e}".split("e")
    if mantissa.endswith(".0"):
        return f"{mantissa[:-2]}e{int(exponent)}"
    return f"{mantissa}e{int(exponent)}"


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
        limits = (_bottom(top, height, rows), (top + _LINE_IN_ROW) * height)
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
        for digit in _STEP_DIGITS
        for between in range(2, min(_MOST_BETWEEN, rows // 2) + 1)  # so two ticks at least
    ]
    return sorted(
        (height for height in heights if height[0] >= least),
        key=lambda height: (round(log10(height[0]), 9), abs(height[1] - liked)),
    )


def _top_row(high: float, height: float) -> int:
    """Return the number of the row, counted from y = 0, that holds ``high``."""
    return ceil(high / height - _LINE_IN_ROW - _SLACK)


def _bottom(top: int, height: float, rows: int) -> float:
    return (top - rows + 1 - _LINE_IN_ROW) * height
