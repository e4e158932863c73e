"""Learning rates on a log axis: a light row for each with a dot on it, and strips of them.

A log axis has no zero, so nothing begins at its left end: where a rate is, is a place, no length.
"""

from collections.abc import Sequence
from math import ceil, exp, floor, log, log10
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import log_ticks, rate_label
from bertcl_tui.charts.glyphs import Range, column, log_share, rate_glyphs
from bertcl_tui.charts.style import Palette, Sheet

DOT: Final = "●"
_TRACK: Final = "·"
_GUIDE: Final = "┊"
_FROM: Final = "━"
_GAP: Final = 1
_COLUMNS_PER_TICK: Final = 6
_SLACK: Final = 1e-9  # of a cell: what rounding may have moved a decade
_SEARCH_SPACE: Final = (1e-7, 1e-3)
"""Learning rates that are searched; an axis shows at least these."""
_SHAPE: Final = log(10)
"""How far from a profile's own mean, in logarithms, a strip shows its rates."""


def rate_bounds(rates: Sequence[float]) -> Range:
    """Return the search space, widened to whole decades where a rate lies outside."""
    inside = [rate for rate in rates if rate > 0]
    low, high = _SEARCH_SPACE
    if not inside:
        return _SEARCH_SPACE
    return (
        min(low, 10.0 ** floor(log10(min(inside)))),
        max(high, 10.0 ** ceil(log10(max(inside)))),
    )


def rate_ink(rate: float, bounds: Range, palette: Palette) -> str:
    """Return the colour of a rate, from cold to warm."""
    return palette.ramp[_step(rate, bounds, len(palette.ramp))]


def _step(rate: float, bounds: Range, steps: int) -> int:
    share = min(max(log_share(rate, bounds), 0.0), 1.0)
    return min(int(share * steps), steps - 1)


def rate_strip(rates: Sequence[float], bounds: Range, palette: Palette) -> Text:
    """Return a character for each choice: its height tells the shape, its colour the rate.

    Heights are told from the profile's own mean, a decade up and down, so that decay shows and
    flat is flat. Where no colour is seen they are told on the axis, as all there is.
    """
    inside = [rate for rate in rates if rate > 0]
    if palette.colourless or not inside:
        return Text(rate_glyphs(rates, bounds))
    mean = sum(map(log, inside)) / len(inside)
    own = exp(mean - _SHAPE), exp(mean + _SHAPE)
    strip = Text()
    for rate in rates:
        if rate > 0:
            ink = palette.quiet_ramp[_step(rate, bounds, len(palette.quiet_ramp))]
            strip.append(column(log_share(rate, own)), ink)
        else:
            strip.append(" ")
    return strip


class RateAxis(Struct, frozen=True, kw_only=True):
    """The columns of a sheet that stand for learning rates."""

    left: int
    width: int
    bounds: Range
    """Learning rates at both ends."""

    def cell(self, rate: float) -> int:
        """Return the column of a learning rate, or the nearest."""
        share = min(max(log_share(rate, self.bounds), 0.0), 1.0)
        return self.left + min(floor(share * self.width + _SLACK), self.width - 1)

    @property
    def ticks(self) -> tuple[float, ...]:
        """The rates at which there is a guide."""
        return log_ticks(*self.bounds, max(2, self.width // _COLUMNS_PER_TICK))

    def draw_row(self, sheet: Sheet, row: int, palette: Palette) -> None:
        """Draw the row on which a rate lies."""
        sheet.write(self.left, row, _TRACK * self.width, palette.faint)
        for rate in self.ticks:
            sheet.write(self.cell(rate), row, _GUIDE, palette.faint)

    def draw_rate(
        self, sheet: Sheet, row: int, rate: float, palette: Palette, since: float | None = None
    ) -> None:
        """Draw a rate, and a line to it from the one that it is compared with."""
        if rate <= 0:
            return
        ink, cell = rate_ink(rate, self.bounds, palette), self.cell(rate)
        if since is not None and since > 0:
            first, last = sorted((self.cell(since), cell))
            sheet.write(first, row, _FROM * (last - first), ink)
        sheet.write(cell, row, DOT, f"bold {ink}")

    def draw_labels(self, sheet: Sheet, row: int, palette: Palette) -> None:
        """Write what the guides stand for, where there is room."""
        for rate in self.ticks:
            label = rate_label(rate)
            start = max(self.cell(rate) - len(label) // 2, self.left)
            if sheet.is_free(start - _GAP, row, len(label) + 2 * _GAP):
                sheet.write(start, row, label, palette.muted)
