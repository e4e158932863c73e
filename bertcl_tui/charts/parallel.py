"""Parallel coordinates: an axis for each rate and score, and a line across them for each trial.

However many trials there are, none is left out: a dot that several lines come to is drawn once, in
the colour of the best of them.
"""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import linear_ticks, log_ticks, rate_label, tick_step
from bertcl_tui.charts.colours import trial_ink
from bertcl_tui.charts.glyphs import ACROSS, DOWN, Dots, Range
from bertcl_tui.charts.style import SERIES_GLYPHS, Palette, Sheet, Size, message, too_small
from bertcl_tui.charts.words import width_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Table = NDArray[np.float64]
    Whole = NDArray[np.int64]

Brush = tuple[float | None, float | None]
"""Lower and upper edge of what is chosen on an axis; None: there is none."""
_SMALLEST: Final = (40, 8)
_ABOVE: Final = 2  # rows: what is read, and the axes' names
_BELOW: Final = 1  # the key
_NUMBER: Final = 3  # columns of the glyph and the space before a trial's number
_STEPS: Final = (1, 2, 5)
_FINE: Final = 40  # places on an axis of scores, about
_COARSE: Final = 8
_ROWS_PER_TICK: Final = 3
_DIM: Final = 3  # of the colours: the worst ones
_SHORT: Final = {"embeddings": "emb", "heads": "head"}
NO_BRUSH: Final[Brush] = (None, None)


class ParallelAxis(Struct, frozen=True, kw_only=True):
    """An axis: what it is called, what stands at its ends, and where one can stop on it."""

    name: str
    field: str
    """What filters call it."""
    bounds: Range
    log: bool

    @classmethod
    def of_scores(cls, name: str, values: Sequence[float]) -> Self:
        """Return an axis of scores, from one round value to another."""
        low, high = min(values, default=0.0), max(values, default=1.0)
        if high - low < 1.0 / _FINE:
            low, high = low - 1.0 / _FINE, high + 1.0 / _FINE
        step = tick_step(low, high, _COARSE)
        bounds = (round(floor(low / step) * step, 6), round(ceil(high / step) * step, 6))
        return cls(name=name, field=name, bounds=bounds, log=False)

    @property
    def places(self) -> tuple[float, ...]:
        """The round values on it, from low to high."""
        low, high = self.bounds
        if not self.log:
            return tuple(round(tick, 6) for tick in linear_ticks(low, high, _FINE))
        powers = range(floor(log10(low)), ceil(log10(high)) + 1)
        fine = (float(f"{digit}e{power}") for power in powers for digit in _STEPS)
        return tuple(value for value in fine if low <= value <= high)

    def written(self, value: float) -> str:
        """Write a value of it as filters have it."""
        return rate_label(value) if self.log else f"{value:g}"

    def share(self, value: float) -> float:
        """Return how far up on it a value is, 0 to 1 between its ends."""
        low, high = map(log10, self.bounds) if self.log else self.bounds
        return ((log10(value) if self.log else value) - low) / (high - low)


class Looked(Struct, frozen=True, kw_only=True):
    """How a person looks at it."""

    axis: int = 0
    """Which axis is chosen."""
    place: float | None = None
    """Where on it the mark stands at which an edge would be set; None: nobody is at the chart."""
    brushes: Mapping[int, Brush] = {}
    """By axis."""


def draw_parallel(
    axes: Sequence[ParallelAxis],
    values: "Table",
    size: Size,
    palette: Palette,
    *,
    brushed: "NDArray[np.bool_] | None" = None,
    chosen: tuple[int, int, int] | None = None,
    looked: Looked,
    empty: str,
) -> Text:
    """Draw a line for each trial, the better the brighter; the last axis says how good it is.

    Args:
        axes: from left to right.
        values: of trials × axes; a trial that lacks one is left out.
        size: columns and rows; below 40×8 it only says that it is too small.
        palette: the theme's colours.
        brushed: which trials are chosen, drawn heavier than the others; None: no choice was made.
        chosen: row, number and slot of the trial under the cursor.
        looked: axis, mark and brushes.
        empty: what to say while there is no trial.
    """
    import numpy as np

    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    if not len(values) or not axes:
        return message(empty, size, palette.muted)
    chart = _Chart(axes, size, palette, room_for=chosen)
    there = np.isfinite(values).all(axis=1)
    order = np.argsort(values[there, -1], kind="stable")
    known = values[there][order]
    heavy = None if brushed is None else brushed[there][order]
    chart.draw_lines(known, heavy)
    if chosen is not None:
        chart.draw_chosen(values[chosen[0]], chosen[1], chosen[2])
    chart.lay()
    for place in range(len(axes)):
        chart.draw_axis(place, looked)
    chart.write_ticks()
    chart.write_read(known, heavy, looked)
    chart.write_key(known)
    return chart.sheet.to_text()


class _Chart:
    def __init__(
        self,
        axes: Sequence[ParallelAxis],
        size: Size,
        palette: Palette,
        room_for: tuple[int, int, int] | None,
    ) -> None:
        self.sheet = Sheet(size)
        self._axes, self._palette = axes, palette
        self._ticks = log_ticks(*axes[0].bounds, max(2, (size[1] - 4) // _ROWS_PER_TICK))
        self._left = max(len(rate_label(tick)) for tick in self._ticks) + 1
        right = 1 if room_for is None else _NUMBER + len(f"#{room_for[1]}")
        self._columns = size[0] - self._left - right
        self._rows = size[1] - _ABOVE - _BELOW
        last = max(len(axes) - 1, 1)
        self._across = [place * (self._columns - 1) // last for place in range(len(axes))]
        self._dots = Dots(self._columns, self._rows)

    def _down(self, axis: ParallelAxis, value: float) -> int:
        """Return the row of the sheet in which a value of an axis stands, or the nearest."""
        share = min(max(axis.share(value), 0.0), 1.0)
        return _ABOVE + int((1 - share) * (self._rows * DOWN - 1) + 0.5) // DOWN

    def _places(self, values: "Table") -> "Whole":
        """Return the dots, counted from the top, of trials × axes."""
        import numpy as np

        lows, highs = (
            np.array(
                [log10(axis.bounds[end]) if axis.log else axis.bounds[end] for axis in self._axes]
            )
            for end in (0, 1)
        )
        logs = [axis.log for axis in self._axes]
        placed = values.copy()
        placed[:, logs] = np.log10(np.maximum(placed[:, logs], np.finfo(np.float64).tiny))
        shares = np.clip((placed - lows) / (highs - lows), 0, 1)
        downs: Whole = np.floor((1 - shares) * (self._rows * DOWN - 1) + 0.5).astype(np.int64)
        return downs

    # lines

    def draw_lines(self, values: "Table", heavy: "NDArray[np.bool_] | None") -> None:
        """Draw trials, the worst first; each seventh of them has a colour of its own."""
        import numpy as np

        places, ramp = self._places(values), self._palette.ramp
        sevenths = np.arange(len(values)) * len(ramp) // max(len(values), 1)
        drawn = np.ones(len(values), dtype=np.bool_) if heavy is None else heavy
        if heavy is not None:
            self._draw(places[~heavy], self._palette.faint)
        for step, ink in enumerate(ramp):
            self._dots.start_layer()
            style = f"dim {ink}" if step < _DIM and heavy is None else ink
            self._draw(places[drawn & (sevenths == step)], style, heavy=heavy is not None)

    def draw_chosen(self, values: "Table", number: int, slot: int) -> None:
        """Draw one trial over all others, with its number at its end."""
        import numpy as np

        if not np.isfinite(values).all():
            return
        places, ink = self._places(values[None, :]), trial_ink(slot, self._palette)
        self._dots.start_layer()
        self._draw(places, ink, heavy=True)
        label = f"{SERIES_GLYPHS[slot]} #{number}"
        row = _ABOVE + int(places[0, -1]) // DOWN
        self.sheet.write(self._left + self._columns + 1, row, label, f"bold {ink}")

    def _draw(self, places: "Whole", style: str, *, heavy: bool = False) -> None:
        """Draw lines from axis to axis; dots that several of them come to are drawn once."""
        import numpy as np

        for place in range(places.shape[1] - 1):
            first, last = (ACROSS * across for across in self._across[place : place + 2])
            dots = _covered(places[:, place], places[:, place + 1], last - first, self._dots.rows)
            downs, across = (each.astype(np.float64) for each in dots.nonzero())
            self._dots.put(across + first, downs, style)
            if heavy:
                self._dots.put(across + first, downs + 1, style)

    def lay(self) -> None:
        """Lay what was drawn on the sheet."""
        for column, row, (character, style) in self._dots.cells():
            self.sheet.write(self._left + column, _ABOVE + row, character, style)

    # axes

    def draw_axis(self, place: int, looked: Looked) -> None:
        """Draw an axis over the lines, with its name, its brush and the mark."""
        axis, column = self._axes[place], self._left + self._across[place]
        palette, here = self._palette, place == looked.axis and looked.place is not None
        for row in range(_ABOVE, _ABOVE + self._rows):
            self.sheet.write(column, row, "│", palette.text if here else palette.muted)
        self._write_name(place, column, here=here)
        low, high = looked.brushes.get(place, NO_BRUSH)
        if low is not None or high is not None:
            bottom = self._down(axis, axis.bounds[0] if low is None else low)
            top = self._down(axis, axis.bounds[1] if high is None else high)
            for row in range(top, bottom + 1):
                self.sheet.write(column, row, "┃", palette.highlight)
            if high is not None:
                self.sheet.write(column, top, "┳", palette.highlight)
            if low is not None:
                self.sheet.write(column, bottom, "┻", palette.highlight)
        if here and looked.place is not None:
            self.sheet.write(column, self._down(axis, looked.place), "◆", palette.highlight)

    def _write_name(self, place: int, column: int, *, here: bool) -> None:
        last = place == len(self._axes) - 1
        ahead = self.sheet.columns if last else self._left + self._across[place + 1]
        behind = 0 if place == 0 else self._left + self._across[place - 1]
        room = max(min(ahead, self.sheet.columns) - column, column - behind) - 1
        name = self._axes[place].name
        name = name if width_of(name) <= room else _short(name, room)
        start = min(max(column - width_of(name) // 2, 0), self.sheet.columns - width_of(name))
        self.sheet.write(
            start, _ABOVE - 1, name, self._palette.highlight if here else self._palette.text
        )

    def write_ticks(self) -> None:
        """Write what the first axis' decades are, and the ends of those that have their own."""
        first = self._axes[0]
        for tick in self._ticks if first.log else ():
            label = rate_label(tick)
            self.sheet.write(
                self._left - len(label) - 1, self._down(first, tick), label, self._palette.muted
            )
        for place, axis in enumerate(self._axes):
            if axis.log:
                continue
            column = self._left + self._across[place]
            for value in axis.bounds:
                label = axis.written(value)
                self.sheet.write(
                    column - len(label), self._down(axis, value), label, self._palette.muted
                )

    # what is said

    def write_read(
        self, values: "Table", heavy: "NDArray[np.bool_] | None", looked: Looked
    ) -> None:
        """Say how many trials are brushed, and where on which axis one is."""
        every = f"{len(values):,}"
        told = (
            f"{every} trial{'s' * (len(values) != 1)}"
            if heavy is None
            else f"{int(heavy.sum()):,} of {every} brushed"
        )
        if looked.place is not None:
            axis = self._axes[looked.axis]
            low, high = looked.brushes.get(looked.axis, NO_BRUSH)
            ends = [axis.written(end) if end is not None else "" for end in (low, high)]
            chosen = f" in {ends[0]}…{ends[1]}" if any(ends) else ""
            told += f" · {axis.name} ◆ {axis.written(looked.place)}{chosen}"
        self.sheet.write(0, 0, told[: self.sheet.columns], self._palette.text)

    def write_key(self, values: "Table") -> None:
        """Write which colour which p has: each is a seventh of the trials."""
        import numpy as np

        scores = values[:, -1]
        row, ramp = self.sheet.rows - 1, self._palette.ramp
        words = f"p {scores[0]:.3f} "
        self.sheet.write(0, row, words, self._palette.muted)
        for step, ink in enumerate(ramp):
            self.sheet.write(len(words) + 2 * step, row, "━━", f"dim {ink}" if step < _DIM else ink)
        after = f" {scores[-1]:.3f}  a seventh of the trials each, median {np.median(scores):.3f}"
        self.sheet.write(len(words) + 2 * len(ramp), row, after, self._palette.muted)


def _covered(starts: "Whole", ends: "Whole", width: int, rows: int) -> "NDArray[np.bool_]":
    """Return which dots any of many straight lines passes, of rows × (width + 1).

    Each line covers a span of rows in each column; where spans begin and end is counted.
    """
    import numpy as np

    borders = np.clip((np.arange(width + 2) - 0.5) / width, 0, 1)
    crossed = np.floor(starts[:, None] + (ends - starts)[:, None] * borders + 0.5).astype(np.int64)
    tops = np.minimum(crossed[:, :-1], crossed[:, 1:])
    bottoms = np.maximum(crossed[:, :-1], crossed[:, 1:])
    columns, size = np.arange(width + 1), (rows + 1) * (width + 1)
    begun, over = (
        np.bincount((downs * (width + 1) + columns).ravel(), minlength=size)
        for downs in (tops, bottoms + 1)
    )
    spans = (begun - over).reshape(rows + 1, width + 1).cumsum(axis=0)
    passed: NDArray[np.bool_] = spans[:rows] > 0
    return passed


def _short(name: str, room: int) -> str:
    """Return a name in few columns: of a layer its number."""
    short = _SHORT.get(name) or name.removeprefix("layers ").removeprefix("layer ")
    return short[: max(room, 1)]
