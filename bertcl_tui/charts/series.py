"""What a curve chart is made of, and which colour each line gets."""

from collections.abc import Sequence
from enum import IntEnum
from math import isfinite
from typing import Final, Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.charts.polyline import Point, Range, min_max, within
from bertcl_tui.charts.style import SERIES_GLYPHS, Palette

_RANKS: Final = ("bright", "normal", "dim")
_DASH_GLYPH: Final = "╌"
_MOST_HEAVY: Final = 3  # more would not stand out


class Series(Struct, frozen=True, kw_only=True):
    """A line: ys over ascending xs. A y that is not finite is a gap."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    emphasis: Literal["bright", "normal", "dim"] = "normal"
    style: Literal["solid", "dashed"] = "solid"
    slot: int | None = None
    """Its colour and glyph, so that a trial keeps them while others come and go."""

    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not any(map(isfinite, self.ys))

    def last(self) -> Point:
        """Return the last point that is not a gap; there must be one."""
        index = next(index for index in reversed(range(len(self.ys))) if isfinite(self.ys[index]))
        return self.xs[index], self.ys[index]


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
    boundaries: tuple[Boundary, ...] = ()
    """Stages, shown as dotted lines with a name on top."""
    baseline: Series | Level | None = None
    """What the lines are compared with, dashed."""
    empty: str = "nothing measured yet"
    """What to say while there is no value."""

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
        xs, ys = within((self.line.xs, self.line.ys), x_range)
        return replace(self, line=replace(self.line, xs=xs, ys=ys))

    def thinned(self, most: int) -> Self:
        """Return the stroke of a line with at most so many points."""
        xs, ys = min_max(self.line.xs, self.line.ys, most)
        return replace(self, line=replace(self.line, xs=xs, ys=ys))


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


def slots_of(wanted: Sequence[int | None]) -> list[int]:
    """Return the slot each line asks for if it is the first to ask, else the lowest free one.

    Args:
        wanted: by each of at most as many lines as there are glyphs; it goes round beyond these.
    """
    slots: dict[int, int] = {}
    for index, slot in enumerate(wanted):
        if slot is not None and slot % len(SERIES_GLYPHS) not in slots.values():
            slots[index] = slot % len(SERIES_GLYPHS)
    free = (slot for slot in range(len(SERIES_GLYPHS)) if slot not in set(slots.values()))
    return [slots[index] if index in slots else next(free) for index in range(len(wanted))]
