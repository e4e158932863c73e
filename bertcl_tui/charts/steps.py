"""Single steps of a run: their loss, the schedule of their rates, and how far each layer moved.

Every row goes over the whole run, from its first step to its last. A layer's row says by height and
colour how large an update is beside the weights that it changes, on one log axis for all.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from math import ceil, isfinite, nan
from statistics import median
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.charts.glyphs import Range, column, log_share
from bertcl_tui.charts.rate_axis import rate_ink
from bertcl_tui.charts.series import Area, Picture
from bertcl_tui.charts.style import Palette, Sheet, Size, message, rows_with_gap, too_small

_SMALLEST: Final = (30, 4)
_GAP: Final = 1
_VALUE: Final = len("3.1e-6")
_MOST_OF_A_LOSS: Final = 4
"""Rows."""
_BOUNDS: Final[Range] = (1e-5, 1e-1)
"""Of update over weight; near the middle of this axis a layer learns."""
_KEY: Final = (1e-5, 1e-3, 1e-1)
_TO_COME: Final = "·"
_BOUNDARY: Final = "┊"
_CROSSHAIR: Final = "│"
_UNKNOWN: Final = "–"


class StepSeen(Struct, frozen=True, kw_only=True):
    """A step that was looked at; steps are counted over all stages."""

    step: int
    stage: int
    loss: float
    """NaN: no number."""
    share: float
    """Of the peak rate, 0..1."""
    ratios: tuple[float, ...]
    """|update| / |weight| of each layer; NaN: it does not learn."""


class StageSpan(Struct, frozen=True, kw_only=True):
    """A stage: what it learns, and the steps taken when it begins and when it is over."""

    name: str
    first_step: int
    last_step: int


class Steps(Struct, frozen=True, kw_only=True):
    """What single steps of a run did."""

    seen: tuple[StepSeen, ...]
    stages: tuple[StageSpan, ...]
    labels: tuple[str, ...]
    """Of the layers, from the embeddings to the heads."""

    def draw(self, size: Size, palette: Palette) -> Text:
        return picture_steps(self, size, palette).text

    def picture_at(self, size: Size, palette: Palette, x: float | None) -> Picture:
        """Draw it with the values at a step; None: with those of the last stage."""
        return picture_steps(self, size, palette, x)

    def steps(self) -> tuple[float, ...]:
        """Return the steps that were looked at."""
        return tuple(each.step for each in self.seen)

    def at(self, x: float) -> StepSeen | None:
        """Return the step that was looked at there, or the last one before in its stage."""
        place = bisect_right(self.seen, x, key=lambda seen: seen.step) - 1
        seen = self.seen[place] if place >= 0 else None
        return seen if seen is not None and x <= self.stages[seen.stage].last_step else None

    def stage_of(self, x: float) -> int:
        """Return in which stage a step is."""
        ends = [stage.last_step for stage in self.stages]
        return min(bisect_left(ends, x), len(ends) - 1)


def picture_steps(steps: Steps, size: Size, palette: Palette, x: float | None = None) -> Picture:
    """Draw loss, rate and each layer below each other, and a key if there is a row left.

    Where there are too few rows, layers in the middle are left out, and counted.

    Args:
        steps: what they did.
        size: columns and rows; below 30×4 it only says that it is too small.
        palette: the theme's colours.
        x: step of a crosshair, at which values are said.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return Picture(too_small(size, _SMALLEST, palette), None)
    if not steps.seen or not steps.stages:
        return Picture(message("No step was looked at yet.", size, palette.muted), None)
    chart = _StepsChart(steps, size, palette, x)
    chart.draw()
    return Picture(chart.sheet.to_text(), chart.area)


class _StepsChart:
    def __init__(self, steps: Steps, size: Size, palette: Palette, x: float | None) -> None:
        self.sheet = Sheet(size)
        self._steps, self._palette = steps, palette
        self._left = max(len(label) for label in (*steps.labels, "loss")) + _GAP
        self._width = size[0] - self._left - _GAP - _VALUE
        self._total = steps.stages[-1].last_step
        self._columns = [self._seen_in(column) for column in range(self._width)]
        self._x = x
        self._read = None if x is None else steps.at(x)
        if x is not None:
            self._cross = min(max(ceil(x * self._width / self._total) - 1, 0), self._width - 1)
            self._columns[self._cross] = self._read

    @property
    def area(self) -> Area:
        """Where steps can be pointed at."""
        whole = (0.0, float(self._total))
        return Area(left=self._left, columns=self._width, x_range=whole, log=False)

    def _seen_in(self, column: int) -> StepSeen | None:
        """Return what stands for a column: the first look at or after its last step."""
        end = (column + 1) * self._total / self._width
        place = bisect_left(self._steps.seen, end, key=lambda seen: seen.step)
        if place == len(self._steps.seen):
            return None
        seen = self._steps.seen[place]
        return seen if end > self._steps.stages[seen.stage].first_step else None

    def draw(self) -> None:
        """Draw the stages' names, and the rows below them."""
        rows = self.sheet.rows
        room = rows - 2 - len(self._steps.labels) - 1
        of_loss = min(max(room, 1), _MOST_OF_A_LOSS)
        self._draw_loss(of_loss)
        self._draw_rate(of_loss + 1)
        first = of_loss + 2
        shown = rows_with_gap(len(self._steps.labels), rows - first)
        for row, layer in enumerate(shown, first):
            if layer is None:
                hidden = len(self._steps.labels) - len(shown) + 1
                self.sheet.write(0, row, f"… {hidden} more", self._palette.muted)
            else:
                self._draw_layer(row, layer)
        if first + len(shown) < rows:
            self._draw_key(first + len(shown))
        self._draw_stages(first + len(shown))
        if self._x is not None:
            self._draw_crosshair(self._x, first + len(shown))

    def _draw_crosshair(self, x: float, rows: int) -> None:
        """Draw it where nothing is, light up what is there, and say where it is."""
        place = self._left + self._cross
        for row in range(1, rows):
            there = self.sheet.character(place, row)
            if there in {" ", _BOUNDARY}:
                self.sheet.write(place, row, _CROSSHAIR, self._palette.text)
            else:
                self.sheet.write(place, row, there, self._palette.highlight)
        stage = self._steps.stage_of(x)
        seen = self._read
        late = "" if seen is None or seen.step == x else f" @{seen.step}"
        words = f"step {x:.0f}{late} · stage {stage + 1} {self._steps.stages[stage].name}"
        self.sheet.write(0, 0, words.ljust(self.sheet.columns), self._palette.highlight)

    def _draw_stages(self, rows: int) -> None:
        """Write what is learnt when, and draw where a stage ends."""
        palette, stages = self._palette, self._steps.stages
        starts = [self._column_after(stage.first_step) for stage in stages]
        for number, (stage, start) in enumerate(zip(stages, starts, strict=True)):
            if number:
                for row in range(rows):
                    self.sheet.write(start, row, _BOUNDARY, palette.faint)
            end = starts[number + 1] if number + 1 < len(starts) else self._left + self._width
            room = end - start - 2 * _GAP
            name = next((each for each in _names(number, stage.name) if len(each) <= room), "")
            self.sheet.write(start + bool(number), 0, name, palette.muted)

    def _column_after(self, step: int) -> int:
        return self._left + round(step * self._width / self._total)

    def _draw_loss(self, rows: int) -> None:
        losses = [seen.loss for seen in self._steps.seen if isfinite(seen.loss)]
        low, high = (min(losses), max(losses)) if losses else (0.0, 1.0)
        across = (high - low) or 1.0
        loss = (losses or [nan])[-1] if self._x is None else self._read_of(lambda seen: seen.loss)
        self._label(1, "loss", f"{loss:.3f}" if isfinite(loss) else _UNKNOWN)
        for row in range(rows):
            # Of a share of the whole height, each row has its own part.
            above = rows - 1 - row
            self._draw_row(
                1 + row, lambda seen: (seen.loss - low) / across, (above, rows), self._palette.bar
            )

    def _draw_rate(self, row: int) -> None:
        share = self._steps.seen[-1].share
        if self._x is not None:
            share = self._read_of(lambda seen: seen.share)
        self._label(row, "rate", f"×{share:.2f}" if isfinite(share) else _UNKNOWN)
        self._draw_row(row, lambda seen: seen.share, (0, 1), self._palette.faint)

    def _draw_row(
        self, row: int, share: Callable[[StepSeen], float], part: tuple[int, int], style: str
    ) -> None:
        """Draw a row, of several the one above so many, in which a course is drawn."""
        above, rows = part
        for place, seen in enumerate(self._columns, self._left):
            height = nan if seen is None else share(seen) * rows - above
            if isfinite(height) and (height > 0 or not above):
                self.sheet.write(place, row, column(height), style)

    def _draw_layer(self, row: int, layer: int) -> None:
        stage = self._steps.seen[-1].stage
        seen = [each.ratios[layer] for each in self._steps.seen if each.stage == stage]
        if self._x is not None:
            seen = [self._read_of(lambda read: read.ratios[layer])]
        known = [ratio for ratio in seen if isfinite(ratio)]
        self._label(
            row, self._steps.labels[layer], rate_label(median(known)) if known else _UNKNOWN
        )
        for place, at in enumerate(self._columns, self._left):
            ratio = nan if at is None else at.ratios[layer]
            if isfinite(ratio):
                self.sheet.write(place, row, column(log_share(ratio, _BOUNDS)), self._ink(ratio))
            else:
                self.sheet.write(place, row, _TO_COME, self._palette.faint)

    def _draw_key(self, row: int) -> None:
        """Say what heights and colours of the layers stand for."""
        said = "update / weight "
        self.sheet.write(self._left, row, said, self._palette.muted)
        place = self._left + len(said)
        for ratio in _KEY:
            self.sheet.write(place, row, column(log_share(ratio, _BOUNDS)), self._ink(ratio))
            label = rate_label(ratio)
            self.sheet.write(place + 1, row, label, self._palette.muted)
            place += 2 + len(label)

    def _read_of(self, value: Callable[[StepSeen], float]) -> float:
        """Return a value at the crosshair; NaN: it is not known there."""
        return nan if self._read is None else value(self._read)

    def _label(self, row: int, name: str, value: str) -> None:
        self.sheet.write(0, row, name, self._palette.text)
        self.sheet.write(self._left + self._width + _GAP, row, value, self._palette.text)

    def _ink(self, ratio: float) -> str:
        return rate_ink(ratio, _BOUNDS, self._palette)


def _names(stage: int, name: str) -> Sequence[str]:
    """Return what a stage is called, in fewer and fewer words."""
    return f"stage {stage + 1} {name}", name, f"stage {stage + 1}"
