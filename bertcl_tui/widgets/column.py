"""Columns of a table: how wide each is, and how a line is made of their cells."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, takewhile
from typing import Final, Literal

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

_END_SHARE: Final = 0.6
"""Of a name that is cut in its middle: names of studies differ at their ends."""
_LEAST_SHARE: Final = 0.3
"""Of a column: where less is in sight, at the end of a line, nothing is."""


class Column(Struct, frozen=True, kw_only=True):
    """What stands above it, how wide it is, and by what it sorts."""

    key: str
    label: str
    width: int
    align: Literal["left", "right"] = "left"
    cut: Literal["end", "middle"] = "end"
    """Where a text is cut that is too long for it."""
    stretch: bool = False
    """Takes what room is left; ``width`` is its least."""
    chosen_width: int = 0
    """Its least width where a person chose it."""
    since: int = 0
    """Shown from this width of the table on, until columns are chosen."""
    usual: bool = True
    """Shown until columns are chosen."""
    fixed: bool = False
    """Always shown, on the left."""
    title: str = ""
    """What it is, where columns are chosen."""
    sorts: str = ""
    """The field that it sorts by; empty: none."""
    rising: bool = False
    """Whether it sorts from the least on at first."""

    def fitted(self, text: Text, width: int) -> Text:
        """Return a text as wide as this column is laid out."""
        fitted = cut_in_middle(text, width) if self.cut == "middle" else text.copy()
        fitted.truncate(width, overflow="ellipsis")
        fitted.align(self.align, width)
        return fitted


def laid_out(columns: Sequence[Column], width: int, gap: int) -> tuple[tuple[Column, int], ...]:
    """Return each column with its width: those that stretch share what room is left.

    Args:
        columns: from left to right.
        width: of the table.
        gap: blanks after each column.
    """
    taken = sum(column.width + gap for column in columns)
    spare, stretching = max(0, width - taken), sum(column.stretch for column in columns)
    return tuple(
        (column, column.width + (spare // stretching if column.stretch else 0))
        for column in columns
    )


def edges(laid: Sequence[tuple[Column, int]], gap: int) -> Iterator[tuple[str, int, int]]:
    """Go through columns that are laid out: each one's key, and where it begins and ends."""
    begin = 0
    for column, width in laid:
        yield column.key, begin, begin + width
        begin += width + gap


def drawn_until(laid: Sequence[tuple[Column, int]], gap: int, right: int) -> int:
    """Return how far lines are drawn that end at ``right``: no scrap of a column at their end."""
    scraps = (
        begin
        for _, begin, end in edges(laid, gap)
        if begin < right < end and right - begin < (end - begin) * _LEAST_SHARE
    )
    return next(scraps, right)


def joined(cells: Sequence[tuple[Text, Column, int]], gap: int) -> Text:
    """Return cells as a line of the table: each as wide as its column, and blanks after it."""
    line = Text(" ", end="", no_wrap=True)
    for text, column, width in cells:
        line.append_text(column.fitted(text, width)).append(" " * gap)
    return line


def arrowed(title: Text, width: int, *, descending: bool) -> Text:
    """Return a title, of a long one its beginning, with an arrow that says how it sorts."""
    cut = title.copy()
    cut.truncate(width - 1, overflow="crop")
    return cut.append("▼" if descending else "▲")


def cut_in_middle(text: Text, width: int) -> Text:
    """Return a text that is at most so wide, with its beginning and its end."""
    if text.cell_len <= width or width < 1:
        return text.copy()
    room = width - 1
    end = int(room * _END_SHARE)
    begun = text[: _letters(text.plain, room - end)]
    ended = text[len(text) - _letters(text.plain[::-1], end) :]
    return Text("…", style=text.style, end="").join([begun, ended])


def _letters(text: str, width: int) -> int:
    """Return how many letters of a text there is room for; some are as wide as two."""
    widths = accumulate(map(cell_len, text))
    return sum(1 for _ in takewhile(lambda taken: taken <= width, widths))
