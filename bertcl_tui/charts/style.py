"""Colours and glyphs. A colour never speaks alone: a name or a shape always says the same."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from rich.cells import get_character_cell_size as width_of
from rich.text import Text

Size = tuple[int, int]
"""Columns and rows of terminal cells."""

SERIES_GLYPHS: Final = "●▲■▼★✚◐◧"
"""One per series colour, so that a line's end is known without its colour."""

REFERENCE_GLYPH: Final = "◆"
"""The flat baseline or the published profile, in every chart."""

Cell = tuple[str, str]
"""Character and Rich style."""
_BLANK: Cell = (" ", "")
_BEHIND_WIDE: Final = ""
"""What is in the second cell of a character that takes two."""
_ROWS_FOR_BOTH_ENDS: Final = 2  # more than these


class Palette(Struct, frozen=True, kw_only=True):
    """Colours of a theme, each a Rich style.

    The eight series colours have the hues of Okabe and Ito (2008), moved until each stands out from
    its background by 3.5:1 and no two look alike to the red- or green-blind.
    """

    series: tuple[str, ...]
    text: str
    muted: str
    """Axes, units, references: read when looked for."""
    faint: str
    """Guides and dimmed series: there, but behind."""
    highlight: str
    bar: str
    """Filled areas: calmer than a line, and `text` can be read on it."""
    ramp: tuple[str, ...]
    """From small to large: cold to warm."""
    quiet_ramp: tuple[str, ...]
    """The same behind words: dimmer than these."""
    shades: tuple[str, ...] = ()
    """Grounds from a small share to a large one, calm enough that `text` can be read on each."""
    colourless: bool = False
    """Whether no colour is seen: lines then have their glyphs on them again and again."""


DARK: Final = Palette(
    series=("#56b4e9", "#e69f00", "#1fb58a", "#e27ab0", "#f0e442", "#f2743b", "#8f9bff", "#d9d9d9"),
    text="#e6e6e6",
    muted="#98a2ac",
    faint="#5b646e",
    highlight="bold #ffffff",
    bar="#2a6690",
    ramp=("#5a78c8", "#3f97c9", "#35b0a6", "#7cc36a", "#cfc548", "#f0a13c", "#f2743b"),
    quiet_ramp=("#41527f", "#35667f", "#2f726d", "#567a4c", "#7d7837", "#8b6535", "#8c4c30"),
    shades=("#1e2a37", "#203447", "#234058", "#254c69", "#28597c", "#2a6690"),
)

LIGHT: Final = Palette(
    series=("#0688e4", "#d36700", "#0d9766", "#af1b77", "#66701c", "#b82100", "#19028a", "#4b4b48"),
    text="#202428",
    muted="#5f6871",
    faint="#a9b1b9",
    highlight="bold #000000",
    bar="#5fa3d3",
    ramp=("#7d93d8", "#2f86c2", "#128a82", "#3f8a2c", "#8a7a00", "#b35a00", "#a81f00"),
    quiet_ramp=("#b3c0e8", "#94c4e3", "#8fc9c4", "#a4cb9a", "#cfc684", "#dfb184", "#d9968a"),
    shades=("#e6eff6", "#d0e2ef", "#b8d3e8", "#9cc3e1", "#7eb3da", "#5fa3d3"),
)


def message(text: str, size: Size, style: str) -> Text:
    """Return ``text`` in the middle of ``size``, cut where it is too long: an empty state."""
    columns, rows = max(size[0], 0), max(size[1], 0)
    lines = text.splitlines()[:rows] or [""]
    above = (rows - len(lines)) // 2
    centred = [line[:columns].center(columns).rstrip() for line in lines]
    filled = [""] * above + centred + [""] * (rows - above - len(lines))
    return Text("\n".join(filled), style=style, no_wrap=True, overflow="crop", end="")


def too_small(size: Size, smallest: Size, palette: Palette) -> Text:
    """Return the line that stands for a chart where there is no room for it."""
    narrow, low = size[0] < smallest[0], size[1] < smallest[1]
    what, way = ("narrow", "wider") if narrow else ("low", "higher")
    if narrow and low:
        what, way = "small", "larger"
    lines = (f"too {what} to draw: make the terminal {way}", f"too {what} to draw", f"too {what}")
    line = next((line for line in lines if len(line) <= size[0]), lines[-1])
    return message(line, (size[0], 1), palette.muted)


def rows_with_gap(count: int, rows: int) -> list[int | None]:
    """Return which of so many each row shows; None is the row that says how many are hidden.

    Where not all fit, those in the middle are, or the last ones where there is hardly any room.
    """
    if count <= rows:
        return list(range(count))
    if rows <= _ROWS_FOR_BOTH_ENDS:
        return [*range(rows - 1), None]
    return [*range(rows - 2), None, count - 1]


class Sheet:
    """Columns × rows of styled cells, the first row on top; what falls outside is dropped."""

    def __init__(self, size: Size) -> None:
        self.columns, self.rows = size
        self._cells = [[_BLANK] * self.columns for _ in range(self.rows)]

    def write(self, column: int, row: int, text: str, style: str) -> None:
        """Write ``text`` over whatever is there."""
        if not 0 <= row < self.rows:
            return
        for character in text:
            width = width_of(character)
            if 0 <= column <= self.columns - width:
                self._put(column, row, (character, style), width)
            column += width

    def _put(self, column: int, row: int, cell: Cell, width: int) -> None:
        """Put a character into its cell, or its two, and blanks where half of another was."""
        cells = self._cells[row]
        if not width:  # an accent, say, of the character before it
            if column:
                cells[column - 1] = (cells[column - 1][0] + cell[0], cell[1])
            return
        last = column + width - 1
        if cells[column][0] == _BEHIND_WIDE:
            cells[column - 1] = _BLANK
        if last + 1 < self.columns and cells[last + 1][0] == _BEHIND_WIDE:
            cells[last + 1] = _BLANK
        cells[column] = cell
        if width > 1:
            cells[last] = (_BEHIND_WIDE, cell[1])

    def is_free(self, column: int, row: int, length: int, *, over: str | None = None) -> bool:
        """Return whether these cells are on the sheet, and blank or in a style written over."""
        if not (0 <= row < self.rows and column >= 0 and column + length <= self.columns):
            return False
        cells = self._cells[row][column : column + length]
        return all(character == " " or style == over for character, style in cells)

    def character(self, column: int, row: int) -> str:
        """Return what is written in a cell."""
        return self._cells[row][column][0]

    def to_text(self) -> Text:
        """Return the rows as one text, without blanks at line ends."""
        return Text(no_wrap=True, overflow="crop", end="").append_tokens(self._runs())

    def _runs(self) -> Iterator[Cell]:
        for index, row in enumerate(self._cells):
            if index:
                yield "\n", ""
            used = len(row)
            while used and row[used - 1][0] == " ":
                used -= 1
            text, now = "", ""
            for character, style in row[:used]:
                if style != now:
                    yield text, now
                    text, now = "", style
                text += character
            yield text, now
