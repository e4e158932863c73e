"""A profile: the learning rate of each choice as a dot on its row, and what it is compared with."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.charts.colours import trial_ink
from bertcl_tui.charts.glyphs import Range
from bertcl_tui.charts.rate_axis import RateAxis, rate_bounds
from bertcl_tui.charts.style import (
    REFERENCE_GLYPH,
    Palette,
    Sheet,
    Size,
    message,
    rows_with_gap,
    too_small,
)
from bertcl_tui.charts.words import cut

_SMALLEST: Final = (26, 1)
_LABELS: Final = 0.3  # of the columns, at most, for the choices' names
_GAP: Final = 1
_FIGURE: Final = len("3.1e-6")
_BAND: Final = len("  [2.1e-6, 5.0e-6]")
_ROOM_BESIDE_BANDS: Final = 32  # columns that bands in figures must leave for rates
_TICK: Final = "╵"


class ChoiceRate(Struct, frozen=True, kw_only=True):
    """A choice: its name, its learning rate and, where known, what that came from."""

    label: str
    rate: float
    low: float | None = None
    high: float | None = None
    """The ends of a band around it."""
    among: tuple[float, ...] = ()
    """The rates that it is a mean of."""


class Marker(Struct, frozen=True):
    """What the choices are compared with: one learning rate per choice, or one for all."""

    name: str
    rates: tuple[float, ...]


def draw_rates(
    choices: Sequence[ChoiceRate],
    size: Size,
    palette: Palette,
    bounds: Range,
    marker: Marker | None = None,
    *,
    ink: str = "",
) -> Text:
    """Draw one row per choice, and below them the axis if there is a row left.

    Args:
        choices: from the embeddings to the heads. Where there are too few rows, those in the
            middle are left out, and counted.
        size: columns and rows.
        palette: the theme's colours.
        bounds: learning rates at the left and at the right end.
        marker: a profile to mark in each row.
        ink: style of the figures; empty: that of text.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    if not choices:
        return message("no learning rates yet", size, palette.muted)
    chart = _RateChart(choices, size, palette, bounds, key=_key(marker), ink=ink or palette.text)
    rows = rows_with_gap(len(choices), size[1])
    if len(rows) < size[1]:
        chart.draw_axis(len(rows))
    for row, choice in enumerate(rows):
        if choice is None:
            chart.write_hidden(row, len(choices) - len(rows) + 1)
            continue
        marked = marker.rates[choice if len(marker.rates) > 1 else 0] if marker else None
        chart.draw_choice(row, choices[choice], marked)
    return chart.sheet.to_text()


def _key(marker: Marker | None) -> str:
    return f"{REFERENCE_GLYPH} {marker.name}" if marker else ""


class _RateChart:
    def __init__(
        self,
        choices: Sequence[ChoiceRate],
        size: Size,
        palette: Palette,
        bounds: Range,
        *,
        key: str,
        ink: str,
    ) -> None:
        self.sheet = Sheet(size)
        self._palette, self._key, self._ink = palette, key, ink
        words = [key, *(choice.label for choice in choices)]
        left = min(max(map(len, words)), int(size[0] * _LABELS)) + _GAP
        width = size[0] - left - _GAP - _FIGURE
        banded = any(choice.low is not None for choice in choices)
        self._bands_in_figures = banded and width - _BAND >= _ROOM_BESIDE_BANDS
        if self._bands_in_figures:
            width -= _BAND
        self._axis = RateAxis(left=left, width=width, bounds=bounds)

    def draw_choice(self, row: int, choice: ChoiceRate, marked: float | None) -> None:
        """Draw a choice: its name, its rate among others, and figures."""
        palette, axis, sheet = self._palette, self._axis, self.sheet
        sheet.write(0, row, cut(choice.label, axis.left - _GAP), palette.text)
        axis.draw_row(sheet, row, palette)
        for rate in choice.among:
            sheet.write(axis.cell(rate), row, _TICK, palette.muted)
        banded = choice.low is not None and choice.high is not None
        if choice.low is not None and choice.high is not None:
            self._draw_band(row, choice.low, choice.high)
        axis.draw_rate(sheet, row, choice.rate, palette, None if banded else marked)
        if marked is not None and (choice.rate <= 0 or axis.cell(marked) != axis.cell(choice.rate)):
            sheet.write(axis.cell(marked), row, REFERENCE_GLYPH, palette.muted)
        self._write_figures(row, choice)

    def _write_figures(self, row: int, choice: ChoiceRate) -> None:
        start = self._axis.left + self._axis.width + _GAP
        self.sheet.write(start, row, rate_label(choice.rate), self._ink)
        if self._bands_in_figures and choice.low is not None and choice.high is not None:
            band = f"[{rate_label(choice.low)}, {rate_label(choice.high)}]"
            self.sheet.write(start + _FIGURE + 2, row, band, self._palette.muted)

    def _draw_band(self, row: int, low: float, high: float) -> None:
        left, right = self._axis.cell(low), self._axis.cell(high)
        if left < right:
            band = f"├{'─' * (right - left - 1)}┤"
            self.sheet.write(left, row, band, self._palette.muted)

    def draw_axis(self, row: int) -> None:
        """Write the decades below the rows, and what the marker is: beside or below them."""
        below = len(self._key) >= self._axis.left and row + 1 < self.sheet.rows
        room = self.sheet.columns if below else self._axis.left - _GAP
        key = cut(self._key, room)
        self.sheet.write(0, row + below, key, self._palette.muted)
        self._axis.draw_labels(self.sheet, row, self._palette)

    def write_hidden(self, row: int, hidden: int) -> None:
        """Say how many choices are not shown."""
        self.sheet.write(0, row, f"… {hidden} more", self._palette.muted)


class Rates(Struct, frozen=True, kw_only=True):
    """A trial's profile."""

    labels: tuple[str, ...]
    rates: tuple[float, ...]
    marker: str = ""
    marked_rates: tuple[float, ...] = ()
    """What it is compared with, if anything; one rate for all, or one each."""
    slot: int | None = None
    """The trial's colour, which its figures have."""

    def draw(self, size: Size, palette: Palette) -> Text:
        choices = [
            ChoiceRate(label=label, rate=rate)
            for label, rate in zip(self.labels, self.rates, strict=True)
        ]
        fits = len(self.marked_rates) in {1, len(self.rates)}
        return draw_rates(
            choices,
            size,
            palette,
            rate_bounds((*self.rates, *self.marked_rates)),
            Marker(self.marker, self.marked_rates) if fits else None,
            ink="" if self.slot is None else trial_ink(self.slot, palette),
        )
