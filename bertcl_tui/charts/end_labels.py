"""Labels at the ends of lines, instead of a legend, moved apart where they would meet."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bertcl_tui.charts.canvas import Plot
from bertcl_tui.charts.words import cut, width_of

_GLYPH_AND_SPACE: Final = 2
_CHOSEN: Final = "›"
_LEAST_OF_A_NAME: Final = 4  # columns, before a difference is left out
_GAP: Final = 1  # between the canvas and the labels on its right


class LineEnd(Struct, frozen=True, kw_only=True):
    """The last point of a line and what is written beside it."""

    x: float
    y: float
    glyph: str
    caption: str
    style: str
    chosen: bool = False
    """Whether it is the one that is read."""


def fit_caption(name: str, value: str, width: int) -> str:
    """Return name and value; where both do not fit, the name is cut, and left out at last."""
    room = width - len(value) - 1
    if room < min(width_of(name), _LEAST_OF_A_NAME):
        return value
    return f"{cut(name, room)} {value}"


def fit_reading(name: str, value: str, difference: str, width: int) -> str:
    """Return name, value and difference; where they do not fit, the name is cut first."""
    numbers = f"{value} {difference}".rstrip()
    room = width - len(numbers) - 1
    if room < min(width_of(name), _LEAST_OF_A_NAME):
        numbers, room = value, width - len(value) - 1
    return f"{cut(name, room)} {numbers}"


def gutter_width(ends: Sequence[LineEnd]) -> int:
    """Return the columns that labels need to the right of the canvas."""
    return max((_GAP + _GLYPH_AND_SPACE + width_of(end.caption) for end in ends), default=0)


def write_labels(plot: Plot, ends: Sequence[LineEnd], muted: str, *, inside: bool = True) -> None:
    """Write a label beside the end of each line, the most important line first.

    A line that ends early is labelled in the plot where there is room and it may be (``inside``);
    the others to its right, moved up or down until no two collide. A glyph on the line tells whose
    label is not right beside it. What does not fit is counted.
    """
    outside = [end for end in ends if not (inside and _write_inside(plot, end))]
    rows = plot.canvas.rows
    if len(outside) > rows:
        rows -= 1
        plot.sheet.write(plot.right + _GAP, plot.top + rows, f"+{len(outside) - rows} more", muted)
        outside = outside[:rows]
    outside.sort(key=lambda end: -end.y)
    places = [plot.canvas.row(end.y) for end in outside]
    for end, row in zip(outside, spread(places, rows), strict=True):
        _write_outside(plot, end, plot.top + row)


def _write_inside(plot: Plot, end: LineEnd) -> bool:
    column, row = plot.cell(end.x, end.y)
    length = _GLYPH_AND_SPACE + width_of(end.caption)
    if column + 1 + length > plot.right:
        return False
    for near in (row, row - 1, row + 1):
        if plot.top <= near < plot.bottom and plot.sheet.is_free(column + 1, near, length):
            plot.sheet.write(column, row, end.glyph, end.style)
            plot.sheet.write(column + 2, near, end.caption, end.style)
            return True
    return False


def _write_outside(plot: Plot, end: LineEnd, row: int) -> None:
    plot.sheet.write(plot.right, row, _CHOSEN if end.chosen else " ", end.style)
    plot.sheet.write(plot.right + _GAP, row, f"{end.glyph} {end.caption}", end.style)
    line_end = plot.cell(end.x, end.y)
    if line_end != (plot.right - 1, row):
        plot.sheet.write(*line_end, end.glyph, end.style)


def spread(places: Sequence[float], rows: int) -> list[int]:
    """Move labels apart, one a row and in their order, as near to their places as can be.

    The sum of squared distances is least (pool adjacent violators); labels that want the same row
    keep their order.

    Args:
        places: the row that each label would like, from 0.
        rows: how many there are.

    Raises:
        ValueError: there are more labels than rows.
    """
    spare = rows - len(places)
    if spare < 0:
        raise ValueError(f"{len(places)} labels do not fit in {rows} rows")
    order = sorted(range(len(places)), key=places.__getitem__)
    blocks: list[tuple[float, int]] = []  # labels that touch: first row, how many
    for place, label in enumerate(order):
        first, count = places[label] - place, 1
        while blocks and blocks[-1][0] >= first:
            earlier, members = blocks.pop()
            first = (earlier * members + first * count) / (members + count)
            count += members
        blocks.append((first, count))
    shifts = [min(max(round(first), 0), spare) for first, count in blocks for _ in range(count)]
    rows_in_order = [shift + place for place, shift in enumerate(shifts)]
    return [row for _, row in sorted(zip(order, rows_in_order, strict=True))]
