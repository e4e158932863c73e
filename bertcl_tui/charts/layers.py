"""Every layer of a backbone in a row: its learning rate, whom it shares it with, its drift."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.charts.glyphs import Range
from bertcl_tui.charts.rate_axis import RateAxis
from bertcl_tui.charts.style import Palette, Sheet, Size, message, rows_with_gap, too_small
from bertcl_tui.charts.words import cut, width_of

_SMALLEST: Final = (30, 3)
_GAP: Final = 1
_SHARED: Final = 2
_VALUE: Final = len("3.1e-6")
_LEAST_ROOM: Final = 6
_DRIFT: Final = 7
_MOST_OF_A_NAME: Final = 9
_TINY: Final = 1e-4


class LayerRow(Struct, frozen=True, kw_only=True):
    """A layer: its learning rate, and how far it was from its beginning after each stage."""

    label: str
    choice: int | None
    """Layers of one choice share a rate; None: which they are is not known."""
    rate: float | None
    drifts: tuple[float | None, ...] = ()


def draw_layers(
    layers: Sequence[LayerRow],
    size: Size,
    palette: Palette,
    bounds: Range,
    stages: Sequence[str] = (),
) -> Text:
    """Draw one row per layer under a header, and an axis of rates below if there is a row left.

    Args:
        layers: from the embeddings to the heads; where there are too few rows, those in the middle
            are left out, and counted.
        size: columns and rows.
        palette: the theme's colours.
        bounds: learning rates at the left and at the right end.
        stages: whose drift stands in columns; the last ones where there is no room for all.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    if not layers:
        return message("No learning rates yet.", size, palette.muted)
    chart = _LayerChart(layers, size, palette, bounds, stages)
    chart.draw()
    return chart.sheet.to_text()


def drift_label(drift: float | None) -> str:
    """Write a drift in per cent with two digits: ``0.12%``, ``1.3%``, ``640%``."""
    if drift is None:
        return "–"
    if drift == 0:
        return "0"
    per_cent = 100 * drift
    if drift < _TINY:
        return f"{per_cent:.0e}%".replace("e-0", "e-")
    decimals = 0 if per_cent >= 10 else 1 if per_cent >= 1 else 2  # noqa: PLR2004 - two digits
    return f"{per_cent:.{decimals}f}%"


class _LayerChart:
    def __init__(
        self,
        layers: Sequence[LayerRow],
        size: Size,
        palette: Palette,
        bounds: Range,
        stages: Sequence[str],
    ) -> None:
        self.sheet = Sheet(size)
        self._layers, self._palette = layers, palette
        self._left = max(len(layer.label) for layer in layers) + _GAP + _SHARED
        room = size[0] - self._left - _GAP - _VALUE
        widths = [max(_DRIFT, min(width_of(stage), _MOST_OF_A_NAME)) + _GAP for stage in stages]
        while widths and room - sum(widths) < _LEAST_ROOM:
            widths.pop(0)
        self._widths = widths
        self._first = len(stages) - len(widths)
        self._stages = stages[self._first :]
        self._axis = RateAxis(left=self._left, width=room - sum(widths), bounds=bounds)

    def draw(self) -> None:
        """Draw the header, as many layers as fit, and the axis where there is a row for it."""
        self._draw_header()
        rows = rows_with_gap(len(self._layers), self.sheet.rows - 1)
        if len(rows) + 1 < self.sheet.rows:
            self._axis.draw_labels(self.sheet, len(rows) + 1, self._palette)
        for row, layer in enumerate(rows, start=1):
            if layer is None:
                hidden = len(self._layers) - len(rows) + 1
                self.sheet.write(0, row, f"… {hidden} more", self._palette.muted)
            else:
                self._draw_layer(row, layer)

    def _draw_header(self) -> None:
        style = self._palette.muted
        rate = "rate" if self._axis.width < len("learning rate") else "learning rate"
        self.sheet.write(self._left, 0, rate, style)
        for stage, end, width in self._columns():
            name = cut(self._stages[stage], width - _GAP)
            self.sheet.write(end - width_of(name), 0, name, style)

    def _draw_layer(self, row: int, place: int) -> None:
        layer, palette = self._layers[place], self._palette
        self.sheet.write(0, row, layer.label, palette.text)
        self.sheet.write(self._left - _SHARED, row, self._shared(place), palette.muted)
        value = self._left + self._axis.width + _GAP
        if layer.rate is None:
            self.sheet.write(value, row, "–", palette.muted)
        else:
            self._axis.draw_row(self.sheet, row, palette)
            self._axis.draw_rate(self.sheet, row, layer.rate, palette)
            self.sheet.write(value, row, rate_label(layer.rate), palette.text)
        for stage, end, _ in self._columns():
            known = layer.drifts[self._first + stage : self._first + stage + 1]
            text = drift_label(known[0] if known else None)
            style = palette.text if known and known[0] is not None else palette.muted
            self.sheet.write(end - len(text), row, text, style)

    def _columns(self) -> list[tuple[int, int, int]]:
        """Return of each column of drift the stage, where it ends, and how wide it is."""
        columns, end = [], self._left + self._axis.width + _GAP + _VALUE
        for stage, width in enumerate(self._widths):
            end += width
            columns.append((stage, end, width))
        return columns

    def _shared(self, place: int) -> str:
        """Return the part of a bracket around the layers that share a rate."""
        choice = self._layers[place].choice
        if choice is None:
            return ""
        above = place > 0 and self._layers[place - 1].choice == choice
        below = place + 1 < len(self._layers) and self._layers[place + 1].choice == choice
        return {(False, False): "", (False, True): "┐", (True, True): "│", (True, False): "┘"}[
            above, below
        ]
