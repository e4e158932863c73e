"""Block characters: bars and columns in eighths of a cell."""

from math import isfinite, log
from typing import Final

from bertcl_tui.charts.polyline import Range

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
