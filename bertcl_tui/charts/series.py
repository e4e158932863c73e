"""What a curve chart is made of, which colour each line gets, and how it is looked at."""

from bisect import bisect_right
from collections.abc import Sequence
from enum import IntEnum
from math import expm1, isfinite, log1p
from typing import Final, Literal, Self

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.glyphs import Point, Range, interpolate, min_max, within
from bertcl_tui.charts.style import SERIES_GLYPHS, Palette

_RANKS: Final = ("bright", "normal", "dim")
_DASH_GLYPH: Final = "╌"
_MOST_HEAVY: Final = 3  # more would not stand out
_SMALLEST_STEP: Final = 1.0


class Series(Struct, frozen=True, kw_only=True):
    """A line: ys over ascending xs. A y that is not finite is a gap."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    emphasis: Literal["bright", "normal", "dim"] = "normal"
    style: Literal["solid", "dashed"] = "solid"
    slot: int | None = None
    """Its colour and glyph, so that a trial keeps them while others come and go."""
    rows: int = 0
    """Of how many rows its values are shares; 0: that is not known, or they are none."""
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    """Edges of the band around a mean of several, one for each x; none: it is one line's own."""
    count: str = ""
    """Of how many lines it is the mean: ``n=3``."""
    even: bool = False
    """Whether that band is as far up as down everywhere, as a deviation is."""
    ends: "Series | None" = None
    """Points that no line joins: what it comes to on more rows than its own values are of."""

    def is_empty(self) -> bool:
        """Return whether there is nothing to draw."""
        return not any(map(isfinite, self.ys))

    def through(self, xs: Sequence[float], ys: Sequence[float]) -> Self:
        """Return the line through fewer of its points, with its band there."""
        low, high = (
            [interpolate(x, (self.xs, edge)) for x in xs] if edge else ()
            for edge in (self.low, self.high)
        )
        return replace(self, xs=xs, ys=ys, low=low, high=high)

    def points(self) -> Sequence[Point]:
        """Return what it comes to at its ends."""
        return () if self.ends is None else list(zip(self.ends.xs, self.ends.ys, strict=True))

    def placed(self, view: "View") -> Self:
        """Return it with its xs where they stand on the axis."""
        ends = None if self.ends is None else self.ends.placed(view)
        return replace(self, xs=list(map(view.place, self.xs)), ends=ends)


class Level(Struct, frozen=True):
    """A reference with one y for every x."""

    name: str
    y: float

    def across(self, x_range: Range) -> Series:
        """Return it as a line."""
        return Series(name=self.name, xs=x_range, ys=(self.y, self.y))


class Boundary(Struct, frozen=True):
    """Where a stage begins, and its name."""

    x: float
    name: str


class Curves(Struct, frozen=True, kw_only=True):
    """All that a chart of curves shows, as a value."""

    series: tuple[Series, ...]
    x_label: str
    """Unit of x, such as ``step of stage 2``."""
    y_label: str = ""
    """Unit of y, shown where there are rows to spare."""
    x_range: Range | None = None
    """None: from the first to the last x."""
    y_range: Range | None = None
    """None: what the values need. What lies outside is cut off."""
    origin: float = 0.0
    """Steps of the run before x = 0."""
    boundaries: tuple[Boundary, ...] = ()
    """Stages, shown as dotted lines with a name on top."""
    baseline: Series | Level | None = None
    """What the lines are compared with, dashed."""
    empty: str = "nothing measured yet"
    """What to say while there is no value."""
    notes: tuple[str, ...] = ()
    """One thing to be said beside the lines, in fewer and fewer words; the first that fits is."""

    def drawn(self) -> list[Series]:
        """Return the lines that have values."""
        return [line for line in self.series if not line.is_empty()]


class Layer(IntEnum):
    """What covers what."""

    DIMMED = 0
    REFERENCE = 1
    COLOURED = 2


class Stroke(Struct, frozen=True, kw_only=True):
    """A line with its looks."""

    line: Series
    style: str
    layer: Layer
    glyph: str = ""
    """Tells the line from others without colour; dimmed lines have none, and no label."""
    heavy: bool = False

    def over(self, x_range: Range) -> Self:
        """Return the stroke of what of the line is in a range."""
        low, high = x_range
        points = within((self.line.xs, self.line.ys), x_range)
        line, ends = self.line.through(*points), self.line.ends
        if ends is not None:
            seen = [place for place, x in enumerate(ends.xs) if low <= x <= high]
            xs, ys = ([each[place] for place in seen] for each in (ends.xs, ends.ys))
            line = replace(line, ends=ends.through(xs, ys))
        return replace(self, line=line)

    def thinned(self, most: int) -> Self:
        """Return the stroke of a line with at most so many points."""
        points = min_max(self.line.xs, self.line.ys, most)
        return replace(self, line=self.line.through(*points))


def cast(series: Sequence[Series], palette: Palette) -> list[Stroke]:
    """Give the eight most important lines a colour and a glyph each, and dim the others.

    Returns:
        Bright lines first, then normal, then dimmed ones; in the given order among these.
    """
    ranked = sorted(series, key=lambda line: _RANKS.index(line.emphasis))
    coloured = [line for line in ranked if line.emphasis != "dim"][: len(SERIES_GLYPHS)]
    heavy = sum(line.emphasis == "bright" for line in coloured) <= _MOST_HEAVY
    return [
        Stroke(
            line=line,
            style=_style(line, slot, palette),
            layer=Layer.COLOURED,
            glyph=SERIES_GLYPHS[slot],
            heavy=heavy and line.emphasis == "bright",
        )
        for line, slot in zip(coloured, slots_of([line.slot for line in coloured]), strict=True)
    ] + [
        Stroke(line=line, style=palette.faint, layer=Layer.DIMMED)
        for line in ranked[len(coloured) :]
    ]


def reference(line: Series, palette: Palette) -> Stroke:
    """Return the looks of a line that the others are compared with."""
    return Stroke(
        line=replace(line, style="dashed"),
        style=palette.muted,
        layer=Layer.REFERENCE,
        glyph=_DASH_GLYPH,
    )


def _style(line: Series, slot: int, palette: Palette) -> str:
    weight = "bold " if line.emphasis == "bright" else ""
    return weight + palette.series[slot % len(palette.series)]


def slots_of(asked: Sequence[int | None]) -> list[int]:
    """Return the slot each line asks for if it is the first to ask, else the lowest free one.

    Args:
        asked: by each of at most as many lines as there are glyphs; it goes round beyond these.
    """
    slots: dict[int, int] = {}
    for index, slot in enumerate(asked):
        if slot is not None and slot % len(SERIES_GLYPHS) not in slots.values():
            slots[index] = slot % len(SERIES_GLYPHS)
    free = (slot for slot in range(len(SERIES_GLYPHS)) if slot not in set(slots.values()))
    return [slots[index] if index in slots else next(free) for index in range(len(asked))]


class View(Struct, frozen=True, kw_only=True):
    """How a person looks at a chart of curves."""

    x: float | None = None
    """Of the crosshair."""
    line: str | None = None
    """Name of the line that is read there."""
    x_range: Range | None = None
    """None: all."""
    log: bool = False
    """Whether x goes by log(1 + x)."""

    def place(self, x: float) -> float:
        """Return where x stands on the axis."""
        return log1p(x) if self.log else x

    def x_of(self, place: float) -> float:
        """Return the x that stands there."""
        return expm1(place) if self.log else place


class Reading(Struct, frozen=True, kw_only=True):
    """The value of a line at a crosshair."""

    x: float
    """Where it was measured: at the crosshair or the last time before."""
    y: float
    of: Series
    """The line, or its ends."""


class Area(Struct, frozen=True, kw_only=True):
    """Where between the axes is, in cells of the chart."""

    left: int
    columns: int
    x_range: Range
    log: bool

    def x_at(self, column: int) -> float | None:
        """Return the x in the middle of a column of the chart; None: outside."""
        inside = column - self.left
        if not 0 <= inside < self.columns:
            return None
        view = View(log=self.log)
        low, high = map(view.place, self.x_range)
        return view.x_of(low + (high - low) * (inside + 0.5) / self.columns)


class Picture(Struct, frozen=True):
    """A drawn chart."""

    text: Text
    area: Area | None
    """None: nothing is drawn that could be pointed at."""


def read_at(line: Series, x: float) -> Reading | None:
    """Return the line's value at x, or the last one before; None: it begins later.

    Where it has an end, that is on more rows, and told.
    """
    end = None if line.ends is None else read_at(line.ends, x)
    for index in reversed(range(bisect_right(line.xs, x))):
        if isfinite(line.ys[index]):
            read = Reading(x=line.xs[index], y=line.ys[index], of=line)
            return read if end is None or end.x < read.x else end
    return end


def steps_of(lines: Sequence[Series]) -> tuple[float, ...]:
    """Return every x at which any of the lines was measured."""
    return tuple(sorted({x for line in lines for x in line.xs}))


def zoomed(whole: Range, now: Range | None, factor: float, around: float, *, log: bool) -> Range:
    """Return the part of a range, ``factor`` times as wide as now, in which a point stays put."""
    view = View(log=log)
    low, high = map(view.place, now or whole)
    least, most = map(view.place, whole)
    width = min(max((high - low) * factor, view.place(_SMALLEST_STEP)), most - least)
    share = (view.place(around) - low) / (high - low)
    start = min(max(view.place(around) - share * width, least), most - width)
    return view.x_of(start), view.x_of(start + width)


def panned(whole: Range, now: Range, share: float, *, log: bool) -> Range:
    """Return the range moved by a share of its width, as far as there is something."""
    view = View(log=log)
    low, high = map(view.place, now)
    least, most = map(view.place, whole)
    start = min(max(low + share * (high - low), least), most - (high - low))
    return view.x_of(start), view.x_of(start + high - low)
