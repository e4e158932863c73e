"""The learning rate of each choice, beside the flat baseline's."""

from math import ceil, floor, log10
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size

_USUAL: Final = (1e-7, 1e-3)
"""The space of the search; an axis shows at least this."""


class Rates(Struct, frozen=True, kw_only=True):
    """A trial's profile."""

    labels: tuple[str, ...]
    rates: tuple[float, ...]
    marker: str = ""
    marked_rates: tuple[float, ...] = ()
    """What it is compared with, if anything; one rate for all, or one each."""

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.bars import Bar, Marker, draw_rate_bars

        bars = [
            Bar(label=label, rate=rate) for label, rate in zip(self.labels, self.rates, strict=True)
        ]
        fits = len(self.marked_rates) in {1, len(self.rates)}
        return draw_rate_bars(
            bars,
            size,
            palette,
            rate_bounds((*self.rates, *self.marked_rates)),
            Marker(self.marker, self.marked_rates) if fits else None,
        )


def rate_bounds(rates: tuple[float, ...]) -> tuple[float, float]:
    """Return the search space, widened to whole decades where a rate lies outside."""
    inside = [rate for rate in rates if rate > 0]
    low, high = _USUAL
    if not inside:
        return _USUAL
    return (
        min(low, 10.0 ** floor(log10(min(inside)))),
        max(high, 10.0 ** ceil(log10(max(inside)))),
    )
