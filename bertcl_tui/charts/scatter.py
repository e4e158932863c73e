"""Points in a plane: p_o against p_s with its Pareto front, and rows in two dimensions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.axis import Axis, linear_ticks, tick_labels
from bertcl_tui.charts.canvas import DOTTED, ROWS_BELOW, Canvas, Plot
from bertcl_tui.charts.colours import trial_ink
from bertcl_tui.charts.glyphs import Point, Polyline, Range
from bertcl_tui.charts.style import (
    REFERENCE_GLYPH,
    SERIES_GLYPHS,
    Palette,
    Sheet,
    Size,
    message,
    too_small,
)

State = Literal["complete", "running", "pruned", "collapsed", "filtered out", "far off"]

_SMALLEST_PLANE: Final = (24, 6)
_ROWS_ABOVE: Final = 1  # of a plane: what y is, and the key
_MOST_EQUALS: Final = 5  # lines of equal p
_MARGIN: Final = 0.04  # of the x range, on both sides
_FEWEST_CROWD: Final = 10
_FAR: Final = 3.0  # below the median of p, by how far the best lies above it
_STATE_GLYPHS: Final[dict[State, str]] = {
    "complete": "●",
    "running": "○",
    "pruned": "·",
    "collapsed": "×",
    "filtered out": "•",
    "far off": "▿",
}
_FROM_BELOW: Final[tuple[State, ...]] = (
    "filtered out",
    "pruned",
    "collapsed",
    "far off",
    "complete",
    "running",
)
_SMALLEST_CLOUD: Final = (16, 5)
_ROWS_BELOW_CLOUD: Final = 1  # its key
_OTHER_KINDS: Final = "·"


class TrialPoint(Struct, frozen=True, kw_only=True):
    """A trial and its accuracies."""

    number: int
    state: State
    p_o: float
    p_s: float

    def at(self) -> Point:
        """Return its place: p_s to the right, p_o upwards."""
        return self.p_s, self.p_o


def draw_plane(
    points: Sequence[TrialPoint],
    size: Size,
    palette: Palette,
    *,
    selected: Sequence[int] = (),
    slots: Mapping[int, int] | None = None,
    flat: Point | None = None,
    x_label: str = "p_s",
    y_label: str = "p_o",
    empty: str = "no trial measured yet",
) -> Text:
    """Draw trials by their accuracies, and join those that no other beats in both.

    Dotted lines join what has the same p.

    The axes show complete and running trials; pruned and collapsed ones may stand on the edge, and
    so do complete ones that are so much worse than usual that all others would be a heap.

    Args:
        points: the trials, in any order.
        size: columns and rows of the result; below 24×6 it only says that it is too small.
        palette: the theme's colours.
        selected: numbers of the trials to label, the most important first.
        slots: colour and glyph of those of them that have their own, by number.
        flat: p_s and p_o of the flat baseline.
        x_label: what x is.
        y_label: what y is.
        empty: what to say while there is no trial.
    """
    if size[0] < _SMALLEST_PLANE[0] or size[1] < _SMALLEST_PLANE[1]:
        return too_small(size, _SMALLEST_PLANE, palette)
    if not points:
        return message(empty, size, palette.muted)
    points = _with_far_off(points, selected)
    framed = _framed(points, selected, flat)
    y_axis = Axis.around((y for _, y in framed), size[1] - _ROWS_ABOVE - ROWS_BELOW)
    x_axis = partial(Axis.across, _with_margin(x for x, _ in framed))
    plot = Plot(size, palette, x_axis, y_axis, above=_ROWS_ABOVE)
    equals = _equal_scores(x_axis(plot.canvas.columns).range, y_axis.range)
    _draw_equals(plot.canvas, equals, palette)
    _draw_points(plot.canvas, points, palette)
    plot.lay_canvas()
    plot.write_x_unit(x_label, palette.muted)
    _write_states(plot, points, y_label, palette)
    _name_equals(plot, equals, palette)
    _write_names(plot, _named(points, selected, slots or {}, flat, palette), points)
    return plot.sheet.to_text()


def pareto_front(points: Sequence[TrialPoint]) -> list[TrialPoint]:
    """Return the complete trials that no other equals or beats in both, by ascending p_s."""
    complete = [point for point in points if point.state == "complete"]
    front: list[TrialPoint] = []
    for point in sorted(complete, key=lambda point: (-point.p_s, -point.p_o, point.number)):
        if not front or point.p_o > front[-1].p_o:
            front.append(point)
    return front[::-1]


def _with_far_off(points: Sequence[TrialPoint], selected: Sequence[int]) -> Sequence[TrialPoint]:
    """Return the points, the complete ones that are far worse than usual told as such."""
    scores = {point.number: sum(point.at()) for point in points if point.state == "complete"}
    if len(scores) < _FEWEST_CROWD:
        return points
    best, usual = max(scores.values()), median(scores.values())
    kept = {point.number for point in pareto_front(points)}.union(selected)
    least = usual - _FAR * (best - usual)
    far = {number for number, score in scores.items() if score < least} - kept
    return [replace(point, state="far off") if point.number in far else point for point in points]


def _framed(
    points: Sequence[TrialPoint], selected: Sequence[int], flat: Point | None
) -> list[Point]:
    """Return the places that must lie inside the axes."""
    framed = [
        point.at()
        for point in points
        if point.state in {"complete", "running", "filtered out"} or point.number in selected
    ]
    framed = framed or [point.at() for point in points]
    return framed if flat is None else [*framed, flat]


def _with_margin(xs: Iterable[float]) -> Range:
    ordered = sorted(xs)
    low, high = ordered[0], ordered[-1]
    margin = _MARGIN * (high - low) or _MARGIN
    return low - margin, high + margin


def _draw_points(canvas: Canvas, points: Sequence[TrialPoint], palette: Palette) -> None:
    front = pareto_front(points)
    complete, running = palette.bar, palette.text  # those of the series are single trials
    canvas.start_layer()
    canvas.line(([point.p_s for point in front], [point.p_o for point in front]), palette.muted)
    styles = {"complete": complete, "running": running}
    for state in _FROM_BELOW:
        places = [point.at() for point in points if point.state == state]
        canvas.marks(places, _STATE_GLYPHS[state], styles.get(state, palette.muted))
    canvas.marks([point.at() for point in front], _STATE_GLYPHS["complete"], palette.text)


def _write_states(plot: Plot, points: Sequence[TrialPoint], y_label: str, palette: Palette) -> None:
    """Write what y is, and what the glyphs mean and how many there are, in words if they fit."""
    plot.sheet.write(0, 0, y_label, palette.muted)
    counts = Counter(point.state for point in points)
    states = [state for state in _STATE_GLYPHS if counts[state]]
    named = "  ".join(f"{_STATE_GLYPHS[state]} {counts[state]} {state}" for state in states)
    partly = "  ".join(
        f"{_STATE_GLYPHS[state]} {counts[state]}{'' if state == 'complete' else f' {state}'}"
        for state in states
    )
    counted = "  ".join(f"{_STATE_GLYPHS[state]} {counts[state]}" for state in states)
    front = f"─ Pareto front {len(pareto_front(points))}"
    for key in (
        f"{named}  {front}  ⠄⠄ equal p",
        f"{named}  {front}",
        f"{partly}  {front}",
        f"{counted}  {front}",
        f"{counted}  ─ front",
        counted,
    ):
        start = plot.sheet.columns - len(key)
        if start > len(y_label):
            plot.sheet.write(start, 0, key, palette.muted)
            return


def _equal_scores(x_range: Range, y_range: Range) -> list[tuple[float, Polyline]]:
    """Return round values of p = x + y, each with the line on which it is the same."""
    low, high = x_range[0] + y_range[0], x_range[1] + y_range[1]
    ticks = linear_ticks(low, high, _MOST_EQUALS)
    return [(p, (x_range, (p - x_range[0], p - x_range[1]))) for p in ticks]


def _draw_equals(
    canvas: Canvas, equals: Sequence[tuple[float, Polyline]], palette: Palette
) -> None:
    for _, line in equals:
        canvas.dashes(line, palette.faint, DOTTED)


def _name_equals(plot: Plot, equals: Sequence[tuple[float, Polyline]], palette: Palette) -> None:
    """Write p beside the upper end of its line, where nothing stands."""
    labels = tick_labels([p for p, _ in equals])
    for (p, (xs, ys)), label in zip(equals, labels, strict=True):
        low, high = plot.y_range
        x = xs[0] if ys[0] <= high else p - high
        if ys[0] <= low or x > xs[1]:
            continue
        column, row = plot.cell(x, p - x)
        name = f"p {label}"
        inside = column + len(name) <= plot.right
        if inside and plot.sheet.is_free(column, row, len(name), over=palette.faint):
            plot.sheet.write(column, row, name, palette.muted)


class _Named(Struct, frozen=True, kw_only=True):
    """A place with a glyph and a name beside it."""

    at: Point
    glyph: str
    name: str
    style: str


def _named(
    points: Sequence[TrialPoint],
    selected: Sequence[int],
    slots: Mapping[int, int],
    flat: Point | None,
    palette: Palette,
) -> list[_Named]:
    """Return what has a name, the most important first: the first selected trial, with an arrow."""

    def styled(number: int, otherwise: str) -> str:
        return f"bold {trial_ink(slots[number], palette)}" if number in slots else otherwise

    trials = {point.number: point for point in points}
    named = [
        _Named(
            at=trials[number].at(),
            glyph=SERIES_GLYPHS[slots[number]]
            if number in slots
            else _STATE_GLYPHS[trials[number].state],
            name=f"#{number}" if place else f"›#{number}",
            style=styled(number, f"bold {palette.text}" if place else palette.highlight),
        )
        for place, number in enumerate(selected)
        if number in trials
    ]
    if flat is not None:
        reference = _Named(at=flat, glyph=REFERENCE_GLYPH, name="flat", style=palette.text)
        named.insert(1, reference)
    return named


def _write_names(plot: Plot, named: Sequence[_Named], points: Sequence[TrialPoint]) -> None:
    """Write each name where it can be of no other point than its own.

    That is beside its glyph, or next to it in the row above or below where no other point is near;
    at last beside it over mere trials, as the first one, which has an arrow, is in any crowd. A
    name without such a place is left out; its glyph is not.
    """
    for each in reversed(named):
        plot.sheet.write(*plot.cell(*each.at), each.glyph, each.style)
    glyphs = {plot.cell(*each.at) for each in named}
    dots = glyphs | {plot.cell(*point.at()) for point in points}
    taken = set(glyphs)
    for place, each in enumerate(named):
        own, length = plot.cell(*each.at), len(each.name)
        others = dots - {own}
        inside = [
            (start, row)
            for start, row in _beside(*own, length)
            if plot.left <= start <= plot.right - length and plot.top <= row < plot.bottom
        ]
        told = [side for side in inside if not others & _near(side, length, own)]
        free = [side for side in told if plot.sheet.is_free(*side, length)]
        over = [
            (start, row)
            for start, row in (told if place else inside)
            if row == own[1] and not taken & _cells(start, row, length)
        ]
        for side in [*free, *over][:1]:
            plot.sheet.write(*side, each.name, each.style)
            taken |= _cells(*side, length)


def _beside(column: int, row: int, length: int) -> list[tuple[int, int]]:
    starts = (column + 1, column - length)
    return [(start, near) for near in (row, row - 1, row + 1) for start in starts]


def _near(side: tuple[int, int], length: int, own: tuple[int, int]) -> set[tuple[int, int]]:
    """Return the cells in which a point would be taken for the one that a name is of."""
    start, row = side
    if row == own[1]:
        return {(start - 1, row), (start + length, row)}
    rows = (row - 1, row, row + 1)
    return set().union(*(_cells(start - 1, each, length + 2) for each in rows))


def _cells(column: int, row: int, length: int) -> set[tuple[int, int]]:
    return {(column + offset, row) for offset in range(length)}


def draw_cloud(
    points: Sequence[Point],
    kinds: Sequence[int],
    names: Sequence[str],
    size: Size,
    palette: Palette,
    *,
    empty: str,
) -> Text:
    """Draw each cell that has points with the glyph of the kind that most of them are of.

    Args:
        points: x to the right, y upwards; the plane is stretched to the size.
        kinds: of each point; an index of ``names``.
        names: of the kinds. Beyond eight, the rest look alike.
        size: columns and rows of the result.
        palette: the theme's colours.
        empty: what to say while there is no point.
    """
    if size[0] < _SMALLEST_CLOUD[0] or size[1] < _SMALLEST_CLOUD[1]:
        return too_small(size, _SMALLEST_CLOUD, palette)
    if not points:
        return message(empty, size, palette.muted)
    sheet = Sheet(size)
    cells: defaultdict[tuple[int, int], Counter[int]] = defaultdict(Counter)
    columns = _places([x for x, _ in points], size[0])
    rows = _places([-y for _, y in points], size[1] - _ROWS_BELOW_CLOUD)
    for column, row, kind in zip(columns, rows, kinds, strict=True):
        cells[column, row][kind] += 1
    for (column, row), found in cells.items():
        kind = min(found, key=lambda kind: (-found[kind], kind))
        sheet.write(column, row, *_kind_look(kind, palette))
    _write_kinds(sheet, Counter(kinds), names, palette)
    return sheet.to_text()


def _places(values: Sequence[float], cells: int) -> list[int]:
    low, high = min(values), max(values)
    if low == high:
        return [cells // 2] * len(values)
    return [min(int((value - low) / (high - low) * cells), cells - 1) for value in values]


def _kind_look(kind: int, palette: Palette) -> tuple[str, str]:
    if kind >= len(SERIES_GLYPHS):
        return _OTHER_KINDS, palette.muted
    return SERIES_GLYPHS[kind], palette.series[kind % len(palette.series)]


def _write_kinds(
    sheet: Sheet, counts: Counter[int], names: Sequence[str], palette: Palette
) -> None:
    """Write glyph, name and number of each kind, as far as there is room."""
    column, row = 0, sheet.rows - 1
    for kind, name in enumerate(names):
        glyph, style = _kind_look(kind, palette)
        words = f"{glyph} {name} {counts[kind]:,}"
        if column + len(words) > sheet.columns:
            sheet.write(min(column, sheet.columns - 1), row, "…", palette.muted)
            return
        sheet.write(column, row, words, style)
        column += len(words) + 2
