"""A sheet of terminal cells that charts are written on."""

from collections.abc import Iterator
from operator import itemgetter

from rich.text import Span, Text

from bertcl_tui.charts.style import Size

Cell = tuple[str, str]
"""Character and Rich style."""

_BLANK: Cell = (" ", "")


class Sheet:
    """Columns × rows of styled cells, the first row on top; what falls outside is dropped."""

    def __init__(self, size: Size) -> None:
        self.columns, self.rows = size
        self._cells = [[_BLANK] * self.columns for _ in range(self.rows)]

    def write(self, column: int, row: int, text: str, style: str) -> None:
        """Write ``text`` over whatever is there."""
        if not 0 <= row < self.rows:
            return
        cells = self._cells[row]
        for offset, character in enumerate(text, column):
            if 0 <= offset < self.columns:
                cells[offset] = (character, style)

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
        characters: list[str] = []
        spans: list[Span] = []
        start = 0
        for text, style in filter(itemgetter(0), self._runs()):
            end = start + len(text)
            if style:
                spans.append(Span(start, end, style))
            characters.append(text)
            start = end
        plain = "".join(characters)
        return Text(plain, spans=spans, no_wrap=True, overflow="crop", end="")

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
