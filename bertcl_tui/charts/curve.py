"""Forgetting curves: what is still known of a task while others are learnt."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

from rich.text import Text

from bertcl_tui.charts.axis import Axis
from bertcl_tui.charts.canvas import ROWS_BELOW, Canvas
from bertcl_tui.charts.end_labels import LineEnd, fit_caption, gutter_width, write_labels
from bertcl_tui.charts.plot import Plot
from bertcl_tui.charts.polyline import Range
from bertcl_tui.charts.series import Boundary, Layer, Level, Series, Stroke, cast, reference
from bertcl_tui.charts.style import Palette, Size, message, too_small
from bertcl_tui.charts.ticks import value_label

__all__ = ["Boundary", "Level", "Series", "draw_curves"]

_SMALLEST: Final = (30, 6)
_ROWS_FOR_A_HEADER: Final = 8
_ROWS_FOR_TWO: Final = 12
_GUTTER_SHARE: Final = 0.4  # of the columns, at most, for labels


def draw_curves(
    series: Sequence[Series],
    size: Size,
    palette: Palette,
    *,
    x_label: str,
    y_label: str = "",
    x_range: Range | None = None,
    y_range: Range | None = None,
    boundaries: Sequence[Boundary] = (),
    baseline: Series | Level | None = None,
    empty: str = "nothing measured yet",
) -> Text:
    """Draw lines with their names and last values at their ends.

    Args:
        series: the lines; at most eight of them have a colour and a label, the others are dimmed.
        size: columns and rows of the result; below 30×6 it only says that it is too small.
        palette: the theme's colours.
        x_label: unit of x, such as ``step of stage 2``.
        y_label: unit of y, shown where there are rows to spare.
        x_range: None: from the first to the last x.
        y_range: None: what the values need. What lies outside is cut off.
        boundaries: stages, shown as dotted lines with a name on top.
        baseline: what the lines are compared with, dashed.
        empty: what to say while there is no value.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    lines = [line for line in series if not line.is_empty()]
    if not lines:
        return message(empty, size, palette.muted)
    x_range = x_range or _extent(lines)
    strokes = [*_reference(baseline, x_range, palette), *cast(lines, palette)]
    ends = _line_ends(strokes, int(size[0] * _GUTTER_SHARE))
    right = gutter_width(ends)
    strokes = [stroke.thinned(2 * (size[0] - right)) for stroke in strokes]
    above = _header_rows(size[1], y_label, boundaries)
    y_axis = _y_axis(strokes, y_range, size[1] - above - ROWS_BELOW)
    plot = Plot(size, palette, x_range, y_axis, above=above, right=right)
    _draw_boundaries(plot, [b for b in boundaries if x_range[0] <= b.x <= x_range[1]], palette)
    _draw_lines(plot.canvas, strokes)
    plot.lay_canvas()
    plot.write_x_unit(x_label, palette.muted)
    _write_y_unit(plot, y_label, palette.muted)
    write_labels(plot, ends, palette.muted)
    return plot.sheet.to_text()


def _extent(lines: Sequence[Series]) -> Range:
    low, high = min(line.xs[0] for line in lines), max(line.xs[-1] for line in lines)
    return (low, high) if low < high else (low, low + 1)


def _reference(baseline: Series | Level | None, x_range: Range, palette: Palette) -> list[Stroke]:
    line = baseline.across(x_range) if isinstance(baseline, Level) else baseline
    return [] if line is None or line.is_empty() else [reference(line, palette)]


def _y_axis(strokes: Sequence[Stroke], limits: Range | None, rows: int) -> Axis:
    if limits:
        return Axis.upwards(limits, rows)
    return Axis.around(chain.from_iterable(stroke.line.ys for stroke in strokes), rows)


def _line_ends(strokes: Sequence[Stroke], width: int) -> list[LineEnd]:
    ends = []
    for stroke in strokes:
        if stroke.glyph:
            x, y = stroke.line.last()
            caption = fit_caption(stroke.line.name, value_label(y), width)
            ends.append(LineEnd(x=x, y=y, glyph=stroke.glyph, caption=caption, style=stroke.style))
    return ends


def _header_rows(rows: int, y_label: str, boundaries: Sequence[Boundary]) -> int:
    if rows < _ROWS_FOR_A_HEADER:
        return 0
    wanted = bool(y_label) + bool(boundaries)
    return wanted if rows >= _ROWS_FOR_TWO else min(wanted, 1)


def _draw_boundaries(plot: Plot, boundaries: Sequence[Boundary], palette: Palette) -> None:
    for boundary in boundaries:
        column = plot.left + plot.canvas.column(boundary.x)
        if column > plot.left:
            for row in range(plot.top, plot.bottom):
                plot.sheet.write(column, row, "┊", palette.faint)
        if plot.sheet.is_free(column, plot.top - 1, len(boundary.name) + 1):
            plot.sheet.write(column, plot.top - 1, f"┊{boundary.name}", palette.muted)


def _write_y_unit(plot: Plot, unit: str, style: str) -> None:
    """Write it above the axis, or at the far end of that row where a stage's name stands."""
    for column in (0, plot.sheet.columns - len(unit)):
        if plot.top and plot.sheet.is_free(column, 0, len(unit)):
            plot.sheet.write(column, 0, unit, style)
            return


def _draw_lines(canvas: Canvas, strokes: Sequence[Stroke]) -> None:
    for layer in Layer:
        canvas.start_layer()
        for stroke in reversed([stroke for stroke in strokes if stroke.layer is layer]):
            polyline = stroke.line.xs, stroke.line.ys
            if stroke.line.style == "dashed":
                canvas.dashes(polyline, stroke.style)
            else:
                canvas.line(polyline, stroke.style, heavy=stroke.heavy)
