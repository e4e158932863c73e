"""Round ticks and the labels that go with them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final

_DIGITS: Final = (1, 2, 5)
_FEW_DECADES: Final = 2
_SLACK: Final = 1e-9  # of a step: what rounding may have moved a tick
_SMALLEST_DECIMAL: Final = 1e-4  # below, zeros would have to be counted
_UNITS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def tick_step(low: float, high: float, most: int) -> float:
    """Return the smallest of …, 0.1, 0.2, 0.5, 1, … with at most ``most`` (≥ 2) ticks in low..high.

    Raises:
        ValueError: low..high is empty.
    """
    if not low < high:
        raise ValueError(f"an axis from {low} to {high} has no length")
    power = floor(log10((high - low) / most)) - 1
    while True:
        for digit in _DIGITS:
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
    fine = _within(bottom, top, (digit * 10.0**power for power in powers for digit in _DIGITS))
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
    """Write a learning rate: ``1e-5`` where it is round, else with two digits, ``3.2e-06``."""
    if not rate:
        return "0"
    mantissa, exponent = f"{rate:.1e}".split("e")
    if mantissa.endswith(".0"):
        return f"{mantissa[:-2]}e{int(exponent)}"
    return f"{mantissa}e{exponent}"
