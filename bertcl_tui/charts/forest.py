"""A forest plot: a line for each method, how far it is from the reference, and how sure that is."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.axis import linear_ticks, tick_labels
from bertcl_tui.charts.style import Palette, Sheet, Size, message, too_small
from bertcl_tui.charts.words import cut, width_of

MEAN: Final = {"primary": "◆", "planned": "■", "exploratory": "□"}
"""What a mean is drawn with, by what was declared of it."""
UNSEEN: Final = "•"
"""A sequence that the mean is of."""
OTHER: Final = "◦"
_SMALLEST: Final = (34, 5)
_BELOW: Final = 2
"""Rows of the axis and of what it means."""
_ABOVE: Final = 1
_GAP: Final = 2
_MOST_OF_A_TITLE: Final = 0.3
_LEAST_PLOT: Final = 40
"""Columns, beside more than the briefest numbers."""
_LEAST_BESIDE: Final = 20
_ROOMY: Final = 3
"""Rows for a line's interval, its dots, and nothing."""
_MARGIN: Final = 0.04
_COLUMNS_PER_TICK: Final = 9
_LEAST_REACH: Final = 0.01
"""An axis shows ±.01 at least: differences below a row or two fill no chart."""


class Dot(Struct, frozen=True):
    """A sequence."""

    value: float
    counts: bool
    """Whether the mean is of it too."""


class ForestLine(Struct, frozen=True, kw_only=True):
    """A method."""

    title: str
    mean: float
    low: float | None
    high: float | None
    """The interval; None: there is none."""
    dots: tuple[Dot, ...]
    standing: str
    """A key of ``MEAN``."""
    is_bound: bool = False
    """Whether it only says what could be reached."""
    told: tuple[str, ...]
    """Its numbers as they are written beside it, the fullest way first."""

    @property
    def sure(self) -> int:
        """1: better, as far as its interval says; -1: worse; 0: who knows."""
        if self.low is None or self.high is None:
            return 0
        return (self.low > 0) - (self.high < 0)


def draw_forest(lines: Sequence[ForestLine], size: Size, palette: Palette, zero: str) -> Text:
    """Draw a row for each line, two where there is room, over an axis.

    Args:
        lines: from the top; where there are too few rows the last ones are left out, and counted.
        size: columns and rows of the result.
        palette: the theme's colours.
        zero: what the vertical line at 0 is.
    """
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    if not lines:
        return message("Nothing to compare yet.", size, palette.muted)
    forest = _Forest(lines, size, palette)
    forest.draw(zero)
    return forest.sheet.to_text()


class _Forest:
    def __init__(self, lines: Sequence[ForestLine], size: Size, palette: Palette) -> None:
        self.sheet = Sheet(size)
        self._lines, self._palette = lines, palette
        self._columns = size[0]
        most = max(8, int(size[0] * _MOST_OF_A_TITLE))
        self._titles = min(max(width_of(line.title) for line in lines), most)
        self._left = self._titles + _GAP
        room = size[0] - self._left - _GAP
        widths = [max(map(len, ways)) for ways in zip(*(line.told for line in lines), strict=True)]
        least = [*(_LEAST_PLOT for _ in widths[1:]), _LEAST_BESIDE]
        fits = (how for how, width in enumerate(widths) if room - width >= least[how])
        self._told = next(fits, None)
        beside = 0 if self._told is None else widths[self._told] + _GAP
        self._right = size[0] - beside
        self._low, self._high = self._limits()
        rows = size[1] - _ABOVE - _BELOW
        self._height = max(1, min(_ROOMY, rows // len(lines)))
        self._shown = min(len(lines), rows // self._height)
        if self._shown < len(lines):
            self._shown -= 1

    def draw(self, zero: str) -> None:
        """Draw the line at 0, every line that there is room for, and the axis."""
        bottom = self.sheet.rows - _BELOW
        at = self._column(0.0)
        for row in range(_ABOVE, bottom):
            self.sheet.write(at, row, "│", self._palette.muted)
        start = min(max(at - len(zero) // 2, self._left), self._right - len(zero))
        self.sheet.write(max(start, 0), 0, zero, self._palette.muted)
        for place, line in enumerate(self._lines[: self._shown]):
            self._draw_line(line, _ABOVE + place * self._height)
        hidden = len(self._lines) - self._shown
        if hidden:
            row = _ABOVE + self._shown * self._height
            self.sheet.write(0, row, f"… {hidden} more", self._palette.muted)
        self._draw_axis(bottom)

    def _draw_line(self, line: ForestLine, row: int) -> None:
        sheet, palette = self.sheet, self._palette
        style = self._style(line)
        title = cut(line.title, self._titles)
        declared = line.standing != "exploratory"
        sheet.write(0, row, title, palette.highlight if declared else palette.text)
        apart = row + int(self._height > 1)
        if line.low is not None and line.high is not None:
            first, last = self._column(line.low), self._column(line.high)
            sheet.write(first, row, "━" * (last - first + 1), style)
        for dot in sorted(line.dots, key=lambda each: each.counts):
            glyph, ink = (UNSEEN, palette.text) if dot.counts else (OTHER, palette.muted)
            sheet.write(self._column(dot.value), apart, glyph, ink)
        sheet.write(self._column(line.mean), row, MEAN[line.standing], f"bold {style}")
        if self._told is not None:
            told = line.told[self._told]
            sheet.write(self._columns - len(told), row, told, style)

    def _style(self, line: ForestLine) -> str:
        if line.is_bound:
            return self._palette.muted
        better, worse = self._palette.series[2], self._palette.series[5]
        return {1: better, -1: worse, 0: self._palette.series[0]}[line.sure]

    def _draw_axis(self, row: int) -> None:
        muted = self._palette.muted
        self.sheet.write(self._left, row, "─" * (self._right - self._left), muted)
        self.sheet.write(self._column(0.0), row, "┴", muted)
        most = max(2, (self._right - self._left) // _COLUMNS_PER_TICK)
        ticks = linear_ticks(self._low, self._high, most)
        for tick, label in zip(ticks, tick_labels(ticks), strict=True):
            signed = label.replace("-", "−") if tick <= 0 else f"+{label}"
            start = self._column(tick) - len(signed) // 2
            start = min(max(start, self._left), self._right - len(signed))
            if self.sheet.is_free(start - 1, row + 1, len(signed) + 1):
                self.sheet.write(start, row + 1, signed, muted)
        self._draw_key(row + 1)

    def _draw_key(self, row: int) -> None:
        """Say what the marks are, left of the axis and right of it, as far as there is room."""
        dots = [dot for line in self._lines for dot in line.dots]
        key = f"{UNSEEN} a sequence"
        if len(key) <= self._titles and any(dot.counts for dot in dots):
            self.sheet.write(0, row, key, self._palette.muted)
        other = f"{OTHER} not in the mean"
        if len(other) <= self._columns - self._right - _GAP and not all(dot.counts for dot in dots):
            self.sheet.write(self._columns - len(other), row, other, self._palette.muted)

    def _limits(self) -> tuple[float, float]:
        values = [0.0, -_LEAST_REACH, _LEAST_REACH]
        for line in self._lines:
            ends = (end for end in (line.low, line.high) if end is not None)
            values += [line.mean, *ends, *(dot.value for dot in line.dots)]
        low, high = min(values), max(values)
        margin = (high - low) * _MARGIN
        return low - margin, high + margin

    def _column(self, value: float) -> int:
        share = (value - self._low) / (self._high - self._low)
        return self._left + round(share * (self._right - self._left - 1))
