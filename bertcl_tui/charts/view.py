"""What part of a chart of curves is looked at, and where it stands in the terminal."""

from bisect import bisect_right
from collections.abc import Sequence
from math import expm1, isfinite, log1p
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.polyline import Range
from bertcl_tui.charts.series import Series

_SMALLEST_STEP: Final = 1.0


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
    """Return the line's value at x, or the last one before; None: it begins later."""
    for index in reversed(range(bisect_right(line.xs, x))):
        if isfinite(line.ys[index]):
            return Reading(x=line.xs[index], y=line.ys[index])
    return None


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
