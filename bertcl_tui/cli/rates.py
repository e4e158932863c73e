"""Learning rates as bars."""

import shutil
import sys
from collections.abc import Sequence
from typing import Final

from bertcl_tui.charts.bars import Bar, draw_rate_bars
from bertcl_tui.charts.style import Palette
from bertcl_tui.cli.output import print_text

_MOST_COLUMNS: Final = 100
_BOUNDS: Final = (1e-7, 1e-3)
PLAIN: Final = Palette(
    series=("default",) * 8,
    text="default",
    muted="bright_black",
    faint="bright_black",
    highlight="bold",
    bar="blue",
)
"""The terminal's own colours: nothing tells a command what its background is."""


def print_rates(labels: Sequence[str], learning_rates: Sequence[float]) -> None:
    """Print a bar for each choice, on a log axis over what is usually searched, and beyond."""
    bars = [Bar(label=label, rate=rate) for label, rate in zip(labels, learning_rates, strict=True)]
    bounds = (min(_BOUNDS[0], *learning_rates), max(_BOUNDS[1], *learning_rates))
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _MOST_COLUMNS
    size = (min(columns, _MOST_COLUMNS), len(bars) + 1)
    print_text(draw_rate_bars(bars, size, PLAIN, bounds))
