"""Points of a few kinds in a plane whose axes mean nothing by themselves."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from rich.text import Text

from bertcl_tui.charts.polyline import Point
from bertcl_tui.charts.sheet import Sheet
from bertcl_tui.charts.style import SERIES_GLYPHS, Palette, Size, message, too_small

_SMALLEST: Final = (16, 5)
_BELOW: Final = 1  # the key
_OTHERS: Final = "·"


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
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        return too_small(size, _SMALLEST, palette)
    if not points:
        return message(empty, size, palette.muted)
    sheet = Sheet(size)
    cells: defaultdict[tuple[int, int], Counter[int]] = defaultdict(Counter)
    columns = _places([x for x, _ in points], size[0])
    rows = _places([-y for _, y in points], size[1] - _BELOW)
    for column, row, kind in zip(columns, rows, kinds, strict=True):
        cells[column, row][kind] += 1
    for (column, row), found in cells.items():
        kind = min(found, key=lambda kind: (-found[kind], kind))
        sheet.write(column, row, *_look(kind, palette))
    _write_key(sheet, Counter(kinds), names, palette)
    return sheet.to_text()


def _places(values: Sequence[float], cells: int) -> list[int]:
    low, high = min(values), max(values)
    if low == high:
        return [cells // 2] * len(values)
    return [min(int((value - low) / (high - low) * cells), cells - 1) for value in values]


def _look(kind: int, palette: Palette) -> tuple[str, str]:
    if kind >= len(SERIES_GLYPHS):
        return _OTHERS, palette.muted
    return SERIES_GLYPHS[kind], palette.series[kind % len(palette.series)]


def _write_key(sheet: Sheet, counts: Counter[int], names: Sequence[str], palette: Palette) -> None:
    """Write glyph, name and number of each kind, as far as there is room."""
    column, row = 0, sheet.rows - 1
    for kind, name in enumerate(names):
        glyph, style = _look(kind, palette)
        words = f"{glyph} {name} {counts[kind]:,}"
        if column + len(words) > sheet.columns:
            sheet.write(min(column, sheet.columns - 1), row, "…", palette.muted)
            return
        sheet.write(column, row, words, style)
        column += len(words) + 2
