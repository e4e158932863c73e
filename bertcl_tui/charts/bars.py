"""Bars: a learning rate for each choice on a log axis, and shares beside each other."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import log_ticks, rate_label
from bertcl_tui.charts.glyphs import Range, bar, log_share
from bertcl_tui.charts.style import REFERENCE_GLYPH, Palette, Sheet, Size, message, too_small

_SMALLEST_RATES: Final = (26, 1)
_RATE_LABELS: Final = 0.3  # of the columns, at most, for the choices' names
_GAP: Final = 1
_RATE_COLUMNS: Final = len("3.1e-06")
_BAND_COLUMNS: Final = len("  [2.1e-06, 5.0e-06]")
_BARS_BESIDE_BANDS: Final = 32  # columns that bands in figures must leave for bars
_COLUMNS_PER_TICK: Final = 6
_SLACK: Final = 1e-9  # of a cell: what rounding may have moved a decade
_ROWS_FOR_BOTH_ENDS: Final = 2  # more than these
_SEARCH_SPACE: Final = (1e-7, 1e-3)
"""Learning rates that are searched; an axis shows at least these."""
_SMALLEST_SHARES: Final = (18, 1)
_SHARE_LABELS: Final = 0.4  # of the columns, at most, for the choices' names
_SHARE_COLUMNS: Final = len("1.0")


class Bar(Struct, frozen=True, kw_only=True):
    """A choice: its name, its learning rate and, where known, a band around it."""

    label: str
    rate: float
    low: float | None = None
    high: float | None = None


class Marker(Struct, frozen=True):
    """What the choices are compared with: one learning rate per choice, or one for all."""

    name: str
    rates: tuple[float, ...]


def draw_rate_bars(
    choices: Sequence[Bar],
    size: Size,
    palette: Palette,
    bounds: Range,
    marker: Marker | None = None,
) -> Text:
    """Draw one row per choice, and below them the axis if there is a row left.

    Args:
        choices: from the embeddings to the heads. Where there are too few rows, those in the
            middle are left out, and counted.
        size: columns and rows.
        palette: the theme's colours.
        bounds: learning rates at the left and at the right end of the bars.
        marker: a profile to mark in each row.
    """
    if size[0] < _SMALLEST_RATES[0] or size[1] < _SMALLEST_RATES[1]:
        return too_small(size, _SMALLEST_RATES, palette)
    if not choices:
        return message("no learning rates yet", size, palette.muted)
    chart = _RateChart(choices, size, palette, bounds, _key(marker))
    rows = _rows(len(choices), size[1])
    if len(rows) < size[1]:
        chart.draw_axis(len(rows))
    for row, choice in enumerate(rows):
        if choice is None:
            chart.write_hidden(row, len(choices) - len(rows) + 1)
            continue
        chart.draw_bar(row, choices[choice])
        if marker is not None:
            chart.draw_marker(row, marker.rates[choice if len(marker.rates) > 1 else 0])
    return chart.sheet.to_text()


def _rows(choices: int, rows: int) -> list[int | None]:
    """Return which choice each row shows; None is the row that says how many are hidden."""
    if choices <= rows:
        return list(range(choices))
    if rows <= _ROWS_FOR_BOTH_ENDS:
        return [*range(rows - 1), None]
    return [*range(rows - 2), None, choices - 1]


def _key(marker: Marker | None) -> str:
    return f"{REFERENCE_GLYPH} {marker.name}" if marker else ""


class _RateChart:
    def __init__(
        self, choices: Sequence[Bar], size: Size, palette: Palette, bounds: Range, key: str
    ) -> None:
        self.sheet = Sheet(size)
        self._palette, self._bounds, self._key = palette, bounds, key
        words = [key, *(choice.label for choice in choices)]
        label = min(max(map(len, words)), int(size[0] * _RATE_LABELS))
        self._left = label + _GAP
        self._width = size[0] - self._left - _GAP - _RATE_COLUMNS
        banded = any(choice.low is not None for choice in choices)
        self._bands_in_figures = banded and self._width - _BAND_COLUMNS >= _BARS_BESIDE_BANDS
        if self._bands_in_figures:
            self._width -= _BAND_COLUMNS

    def draw_bar(self, row: int, choice: Bar) -> None:
        """Draw a choice: its name, its bar with whiskers, and figures."""
        name = choice.label
        if len(name) >= self._left:
            name = f"{name[: self._left - _GAP - 1]}…"
        self.sheet.write(0, row, name, self._palette.text)
        self.sheet.write(self._left, row, self._bar(choice.rate), self._palette.bar)
        if choice.low is not None and choice.high is not None:
            self._draw_whiskers(row, choice.low, choice.high)
        value = self._left + self._width + _GAP
        self.sheet.write(value, row, f"{choice.rate:.1e}", self._palette.text)
        if self._bands_in_figures and choice.low is not None and choice.high is not None:
            band = f"[{choice.low:.1e}, {choice.high:.1e}]"
            self.sheet.write(value + _RATE_COLUMNS + 2, row, band, self._palette.muted)

    def draw_marker(self, row: int, rate: float) -> None:
        """Mark a learning rate in a row."""
        self._write_over(self._cell(rate), row, REFERENCE_GLYPH, self._palette.highlight)

    def draw_axis(self, row: int) -> None:
        """Write the decades below the bars, a guide above each, and what the marker is."""
        start = 0 if len(self._key) < self._left else self.sheet.columns - len(self._key)
        self.sheet.write(start, row, self._key, self._palette.muted)
        for rate in log_ticks(*self._bounds, max(2, self._width // _COLUMNS_PER_TICK)):
            label, cell = rate_label(rate), self._cell(rate)
            for above in range(row):
                self.sheet.write(cell, above, "┊", self._palette.faint)
            start = max(cell - len(label) // 2, self._left)
            if self.sheet.is_free(start - _GAP, row, len(label) + 2 * _GAP):
                self.sheet.write(start, row, label, self._palette.muted)

    def write_hidden(self, row: int, hidden: int) -> None:
        """Say how many choices are not shown."""
        self.sheet.write(0, row, f"… {hidden} more", self._palette.muted)

    def _draw_whiskers(self, row: int, low: float, high: float) -> None:
        left, right = self._cell(low), self._cell(high)
        if left < right:
            whiskers = f"├{'─' * (right - left - 1)}┤"
            for column, character in enumerate(whiskers, left):
                self._write_over(column, row, character, self._palette.text)

    def _write_over(self, column: int, row: int, character: str, style: str) -> None:
        """Write a character, on the bar where there is one."""
        on_bar = self.sheet.character(column, row) == "█"
        style = f"{style} on {self._palette.bar}" if on_bar else style
        self.sheet.write(column, row, character, style)

    def _bar(self, rate: float) -> str:
        return bar(log_share(rate, self._bounds), self._width) if rate > 0 else ""

    def _cell(self, rate: float) -> int:
        """Return the column of a learning rate, or the nearest."""
        share = min(max(log_share(rate, self._bounds), 0.0), 1.0)
        return self._left + min(floor(share * self._width + _SLACK), self._width - 1)


class Rates(Struct, frozen=True, kw_only=True):
    """A trial's profile."""

    labels: tuple[str, ...]
    rates: tuple[float, ...]
    marker: str = ""
    marked_rates: tuple[float, ...] = ()
    """What it is compared with, if anything; one rate for all, or one each."""

    def draw(self, size: Size, palette: Palette) -> Text:
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
    low, high = _SEARCH_SPACE
    if not inside:
        return _SEARCH_SPACE
    return (
        min(low, 10.0 ** floor(log10(min(inside)))),
        max(high, 10.0 ** ceil(log10(max(inside)))),
    )


class Share(Struct, frozen=True):
    """A choice and its share, 0..1, of the whole."""

    label: str
    share: float


def draw_importance(
    shares: Sequence[Share],
    size: Size,
    palette: Palette,
    *,
    empty: str = "needs a few complete trials",
    note: str = "",
) -> Text:
    """Draw one bar per share, the greatest first; the longest bar is as long as there is room.

    Where there are too few rows, the last says how many shares are hidden; where there are too
    many, it has the note.
    """
    if size[0] < _SMALLEST_SHARES[0] or size[1] < _SMALLEST_SHARES[1]:
        return too_small(size, _SMALLEST_SHARES, palette)
    if not shares:
        return message(empty, size, palette.muted)
    ranked = sorted(shares, key=lambda share: -share.share)
    shown = ranked if len(ranked) <= size[1] else ranked[: max(1, size[1] - 1)]
    sheet = Sheet(size)
    label = min(max(len(share.label) for share in shown), int(size[0] * _SHARE_LABELS))
    width = size[0] - label - _SHARE_COLUMNS - 2 * _GAP
    greatest = ranked[0].share or 1.0
    for row, share in enumerate(shown):
        name = share.label if len(share.label) <= label else f"{share.label[: label - 1]}…"
        sheet.write(0, row, name, palette.text)
        sheet.write(label + _GAP, row, bar(share.share / greatest, width), palette.bar)
        sheet.write(size[0] - _SHARE_COLUMNS, row, _percentage(share.share), palette.text)
    if len(shown) < len(ranked):
        sheet.write(0, len(shown), f"… {len(ranked) - len(shown)} more", palette.muted)
    elif len(shown) < size[1] and len(note) <= size[0]:
        sheet.write(0, size[1] - 1, note, palette.muted)
    return sheet.to_text()


def _percentage(share: float) -> str:
    """Write a share as .41, or as 1.0."""
    two = f"{share:.2f}"
    return two[1:] if two.startswith("0") else two[:_SHARE_COLUMNS]
