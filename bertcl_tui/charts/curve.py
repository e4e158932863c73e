"""Drawing curves: series over steps, with their values at the right end."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, pairwise
from math import inf, isfinite
from typing import Final

from msgspec.structs import replace

from bertcl_tui.charts.axis import Axis, value_label
from bertcl_tui.charts.band import band_of, least_span, widened
from bertcl_tui.charts.canvas import ROWS_BELOW, Canvas, Plot
from bertcl_tui.charts.end_labels import (
    LineEnd,
    fit_caption,
    fit_reading,
    gutter_width,
    write_labels,
)
from bertcl_tui.charts.glyphs import Range, interpolate
from bertcl_tui.charts.series import (
    Area,
    Curves,
    Layer,
    Level,
    Picture,
    Reading,
    Series,
    Stroke,
    View,
    cast,
    read_at,
    reference,
)
from bertcl_tui.charts.style import REFERENCE_GLYPH, Palette, Size, message, too_small
from bertcl_tui.charts.words import cut, decimal, width_of

_SMALLEST: Final = (30, 6)
_ROWS_FOR_A_HEADER: Final = 8
_ROWS_FOR_TWO: Final = 12
_GUTTER_SHARE: Final = 0.4  # of the columns, at most, for labels
_GLYPH_EVERY: Final = 24  # columns
_DIM_GLYPH: Final = "•"
_EVERYTHING: Final = View()
_OF_A_NAME: Final = 10  # columns that are left to it beside a band


def picture_curves(
    curves: Curves, size: Size, palette: Palette, view: View = _EVERYTHING
) -> Picture:
    """Draw lines with their names and last values at their ends, or their values at a crosshair.

    Args:
        curves: what is drawn; at most eight lines have a colour and a label, others are dimmed.
        size: columns and rows of the result; below 30×6 it only says that it is too small.
        palette: the theme's colours.
        view: crosshair and zoom.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return Picture(too_small(size, _SMALLEST, palette), None)
    lines = curves.drawn()
    if not lines:
        return Picture(message(curves.empty, size, palette.muted), None)
    whole = curves.x_range or _extent(lines)
    if view.x is not None and not whole[0] <= view.x <= whole[1]:
        view = replace(view, x=None)  # another chart is read at a step that this one has not
    shown = view.x_range or whole
    strokes = [*_reference(curves.baseline, whole, palette), *cast(lines, palette)]
    ends = _labels(strokes, shown, view, int(size[0] * _GUTTER_SHARE))
    right = gutter_width(ends)
    thinned = [_shown(stroke, shown, view, 2 * (size[0] - right)) for stroke in strokes]
    above = _header_rows(size[1], curves, view)
    banded = [stroke for stroke in thinned if _is_banded(stroke)]
    values = [*(_values(thinned) or _values(strokes)), *_edges(banded)]
    span = 0.0 if view.x_range else least_span(lines)
    y_axis = _y_axis(widened(values, span), curves.y_range, size[1] - above)
    x_axis = partial(Axis.across_decades if view.log else Axis.across, shown)
    plot = Plot(size, palette, x_axis, y_axis, above=above, right=right)
    _draw_boundaries(plot, curves, shown, view, palette)
    if view.x is not None:
        _draw_crosshair(plot, view.place(view.x), palette)
    _shade(plot.canvas, banded, palette)
    _draw_lines(plot.canvas, thinned)
    plot.lay_canvas()
    _write_ends(plot, thinned)
    if palette.colourless:
        _write_glyphs(plot, [stroke for stroke in thinned if stroke.layer is Layer.COLOURED])
    plot.write_x_unit(_x_unit(curves.x_label, view), palette.muted)
    if view.x is None:
        _write_y_unit(plot, curves.y_label, palette.muted)
        _write_note(plot, curves.notes, palette.text)
    else:
        _write_header(plot, _read_out(view.x, curves), palette)
    write_labels(plot, ends, palette.muted, inside=view.x is None)
    return Picture(plot.sheet.to_text(), _area(plot, shown, view))


def _extent(lines: Sequence[Series]) -> Range:
    low, high = min(line.xs[0] for line in lines), max(line.xs[-1] for line in lines)
    return (low, high) if low < high else (low, low + 1)


def _reference(baseline: Series | Level | None, x_range: Range, palette: Palette) -> list[Stroke]:
    line = baseline.across(x_range) if isinstance(baseline, Level) else baseline
    return [] if line is None or line.is_empty() else [reference(line, palette)]


def _shown(stroke: Stroke, x_range: Range, view: View, most: int) -> Stroke:
    """Return the few points of a stroke that are drawn, at their places on the axis."""
    thinned = stroke.over(x_range).thinned(most)
    return replace(thinned, line=thinned.line.placed(view)) if view.log else thinned


def _values(strokes: Sequence[Stroke]) -> list[float]:
    lines = _lines(strokes)
    ends = (y for line in lines for _, y in line.points())
    return list(filter(isfinite, chain(*(line.ys for line in lines), ends)))


def _y_axis(values: Sequence[float], limits: Range | None, rows: int) -> Axis:
    between = rows - ROWS_BELOW
    return Axis.upwards(limits, between) if limits else Axis.around(values, between)


def _edges(strokes: Sequence[Stroke]) -> list[float]:
    """Return what bands reach, as far as it is a number."""
    return list(filter(isfinite, chain.from_iterable(chain(*map(band_of, _lines(strokes))))))


def _lines(strokes: Sequence[Stroke]) -> list[Series]:
    return [stroke.line for stroke in strokes]


def _is_banded(stroke: Stroke) -> bool:
    """Return whether a line has a band: a mean of several that is told apart, or the one line."""
    if stroke.line.low:
        return bool(stroke.glyph)
    return bool(stroke.line.rows) and stroke.line.emphasis == "bright"


def _shade(canvas: Canvas, strokes: Sequence[Stroke], palette: Palette) -> None:
    """Draw the bands: those of means in their colours, cell by cell in turn where they overlap."""
    means = [stroke for stroke in strokes if stroke.line.low]
    for place, stroke in enumerate(means):
        style = f"dim {stroke.style.removeprefix('bold ')}"
        canvas.shade(stroke.line.xs, *band_of(stroke.line), style, (place, len(means)))
    for stroke in strokes:
        if not stroke.line.low and not stroke.line.is_empty():
            canvas.shade(stroke.line.xs, *band_of(stroke.line), palette.faint)


def _area(plot: Plot, shown: Range, view: View) -> Area:
    return Area(left=plot.left, columns=plot.canvas.columns, x_range=shown, log=view.log)


def _labels(strokes: Sequence[Stroke], shown: Range, view: View, width: int) -> list[LineEnd]:
    labelled = [stroke for stroke in strokes if stroke.glyph]
    if view.x is not None:
        return _readings(labelled, view, view.x, width)
    ends = []
    for stroke in labelled:
        line = stroke.over(shown).line
        last = read_at(line, inf)
        if last is not None:
            caption = fit_caption(line.name, _told(last, width), width)
            ends.append(_end(stroke, view, last, caption))
    return ends


def _readings(strokes: Sequence[Stroke], view: View, x: float, width: int) -> list[LineEnd]:
    """Return what each line says at the crosshair, and how far that is from the reference."""
    found = [(stroke, reading) for stroke in strokes if (reading := read_at(stroke.line, x))]
    base = next((read.y for stroke, read in found if stroke.layer is Layer.REFERENCE), None)
    ends = []
    for stroke, reading in found:
        apart = base is not None and stroke.layer is not Layer.REFERENCE
        difference = decimal(reading.y - base, plus=True) if apart and base else ""
        late = "" if reading.x == x else f" @{reading.x:.0f}"
        caption = fit_reading(
            stroke.line.name,
            _told(reading, width),
            f"{difference}{late}".strip(),
            width,
        )
        ends.append(_end(stroke, view, reading, caption))
    return ends


def _told(read: Reading, width: int) -> str:
    """Write a value; that of a mean with band and number, as far as there is room beside a name."""
    line, x, y = read.of, read.x, read.y
    value, sides = value_label(y), ""
    if line.low:
        low, high = (interpolate(x, (line.xs, edge)) for edge in (line.low, line.high))
        sides = f"±{high - y:.3f}" if line.even else f"[{value_label(low)}, {value_label(high)}]"
    room = width - min(width_of(line.name), _OF_A_NAME) - 1
    for said in ((value, sides, line.count), (value, line.count), (value, sides)):
        words = " ".join(filter(None, said))
        if len(words) <= room:
            return words
    return value


def _end(stroke: Stroke, view: View, read: Reading, caption: str) -> LineEnd:
    return LineEnd(
        x=view.place(read.x),
        y=read.y,
        glyph=stroke.glyph,
        caption=caption,
        style=stroke.style,
        chosen=view.x is not None and stroke.line.name == view.line,
    )


def _header_rows(rows: int, curves: Curves, view: View) -> int:
    crosshair = view.x is not None
    if rows < _ROWS_FOR_A_HEADER:
        return int(crosshair)
    needed = (bool(curves.y_label) or crosshair) + bool(curves.boundaries)
    return needed if rows >= _ROWS_FOR_TWO else min(needed, 1)


def _draw_boundaries(
    plot: Plot, curves: Curves, shown: Range, view: View, palette: Palette
) -> None:
    stages = [stage for stage in curves.boundaries if shown[0] <= stage.x <= shown[1]]
    columns = [plot.left + plot.canvas.column(view.place(stage.x)) for stage in stages]
    for stage, (column, following) in zip(
        stages, pairwise([*columns, plot.sheet.columns]), strict=True
    ):
        if column > plot.left:
            for row in range(plot.top, plot.bottom):
                plot.sheet.write(column, row, "┊", palette.faint)
        if plot.top:
            name = _fitted(stage.name, following - column - 2)
            plot.sheet.write(column, plot.top - 1, f"┊{name}", palette.muted)


def _fitted(name: str, room: int) -> str:
    """Return a stage's name, or its task alone, cut if need be."""
    task = name.rpartition(" ")[2]
    if width_of(name) <= room:
        return name
    return cut(task, room) if room > 1 else ""


def _draw_crosshair(plot: Plot, place: float, palette: Palette) -> None:
    column = plot.left + plot.canvas.column(place)
    for row in range(plot.top, plot.bottom):
        plot.sheet.write(column, row, "│", palette.text)


def _x_unit(unit: str, view: View) -> str:
    """Say what x is, and that something of it is not shown."""
    return ", ".join((unit, *(["log"] if view.log else []), *(["zoomed"] if view.x_range else [])))


def _read_out(x: float, curves: Curves) -> str:
    """Say where the crosshair is."""
    stages = [boundary.name for boundary in curves.boundaries if boundary.x <= x]
    what, _, since = curves.x_label.partition(" ")
    return " · ".join((f"{what} {x:.0f} {since}".rstrip(), *stages[-1:]))


def _write_header(plot: Plot, words: str, palette: Palette) -> None:
    plot.sheet.write(0, 0, words.ljust(plot.sheet.columns), palette.highlight)


def _write_y_unit(plot: Plot, unit: str, style: str) -> None:
    """Write it above the axis, or at the far end of that row where a stage's name stands."""
    for column in (0, plot.sheet.columns - len(unit)):
        if plot.top and plot.sheet.is_free(column, 0, len(unit)):
            plot.sheet.write(column, 0, unit, style)
            return


def _write_note(plot: Plot, notes: Sequence[str], style: str) -> None:
    """Write the first of them for which there is room above the chart, at the right."""
    for note in notes:
        for row in range(plot.top):
            free = (column for column in _ends_of_free(plot, row, len(note)))
            column = next(free, None)
            if column is not None:
                plot.sheet.write(column, row, note, style)
                return


def _ends_of_free(plot: Plot, row: int, columns: int) -> Iterator[int]:
    """Yield from the right where so many columns of a row are free, and one more on each side."""
    for start in range(plot.sheet.columns - columns, plot.left, -1):
        beside = min(start + columns + 1, plot.sheet.columns)
        if plot.sheet.is_free(start - 1, row, beside - start + 1):
            yield start


def _write_glyphs(plot: Plot, strokes: Sequence[Stroke]) -> None:
    """Write each line's glyph on it, now and then, no two in one column."""
    for place, stroke in enumerate(strokes):
        first = (2 * place + 1) * _GLYPH_EVERY // (2 * len(strokes))
        for column in range(first, plot.canvas.columns - _GLYPH_EVERY // 4, _GLYPH_EVERY):
            x = plot.canvas.x_of(column)
            y = interpolate(x, (stroke.line.xs, stroke.line.ys))
            if isfinite(y):
                plot.sheet.write(*plot.cell(x, y), stroke.glyph, stroke.style)


def _write_ends(plot: Plot, strokes: Sequence[Stroke]) -> None:
    """Write what lines come to at the ends of stages as points, the most important ones on top."""
    for stroke in sorted(strokes, key=lambda stroke: (stroke.layer, stroke.heavy)):
        glyph = REFERENCE_GLYPH if stroke.layer is Layer.REFERENCE else stroke.glyph or _DIM_GLYPH
        for x, y in stroke.line.points():
            if isfinite(y):
                plot.sheet.write(*plot.cell(x, y), glyph, stroke.style)


def _draw_lines(canvas: Canvas, strokes: Sequence[Stroke]) -> None:
    for layer in Layer:
        canvas.start_layer()
        for stroke in reversed([stroke for stroke in strokes if stroke.layer is layer]):
            polyline = stroke.line.xs, stroke.line.ys
            if stroke.line.is_empty():
                continue
            if stroke.line.style == "dashed":
                canvas.dashes(polyline, stroke.style)
            else:
                canvas.line(polyline, stroke.style, heavy=stroke.heavy)
