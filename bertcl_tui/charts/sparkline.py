"""Charts of one row of text, for tables."""

from collections.abc import Sequence
from math import isfinite, nan

from bertcl_tui.charts.blocks import column, log_share
from bertcl_tui.charts.polyline import Range


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
