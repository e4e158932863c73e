"""What rows of each class are taken for: a matrix or two, and of many classes a list before it."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.glyphs import bar
from bertcl_tui.charts.style import Palette
from bertcl_tui.charts.words import cut, decimal, fill, fill_before, width_of

_GAP: Final = 1
_APART: Final = 2
_MOST_OF_A_NAME: Final = 16
_SHARES: Final = (("before", 7), ("after", 6), ("fall", 7))
"""Heads of what is told of a class, and columns they take with the gap before them."""
_ROWS: Final = 6
_BAR: Final = 10
_LEAST_OF_TAKEN_FOR: Final = 12
_LEAST_BESIDE_BARS: Final = 20
_UNKNOWN: Final = "–"
_NONE: Final = "·"
_OF_A_MATRIX: Final = (
    "A row is a class, a column what its rows are taken for; shaded by the share of the class."
)
_OF_A_LIST: Final = "+: as many rows more are taken for that class."
MANY: Final = 12
"""From so many classes on, a list begins with the one that was forgotten most."""


class ClassRow(Struct, frozen=True, kw_only=True):
    """A class, and what became of it."""

    label: str
    rows: int
    before: float | None
    """Recall, 0..1; None: not known."""
    after: float | None
    fall: float | None
    taken_for: tuple[tuple[str, int], ...]
    """Other classes that more of its rows are taken for than before, and how many more."""


class Matrix(Struct, frozen=True):
    """Counts by right and predicted class, in the order of the classes."""

    title: str
    counts: tuple[tuple[int, ...], ...]


class Classes(Struct, frozen=True, kw_only=True):
    """The classes of a task, after one stage or before and after others."""

    classes: tuple[ClassRow, ...]
    """In their order."""
    ranked: tuple[ClassRow, ...]
    """The same, in that of a list."""
    matrices: tuple[Matrix, ...]
    """Of both stages or the one, the later one last; none: there are too many classes for any."""
    compared: bool
    """Whether it is known how they were before."""
    rows: str
    """Which rows are counted, as a sentence."""


def draw_classes(classes: Classes, width: int, palette: Palette) -> Text:
    """Draw the matrices where they fit beside each other, else the later one, else none.

    Of many classes, and where no matrix fits, a list comes first.
    """
    text = Text(no_wrap=True, overflow="crop", end="")
    matrices = _fitting(classes, width, palette)
    notes = [classes.rows]
    if matrices is None or len(classes.classes) >= MANY:
        says_taken_for = _draw_list(text, classes, width, palette)
        notes += [_OF_A_LIST] if classes.compared and says_taken_for else []
    if matrices is not None:
        text.append("\n\n" if text else "")
        matrices.draw(text)
        notes.append(_OF_A_MATRIX)
    return text.append(f"\n\n{' '.join(notes)}", palette.muted)


def _fitting(classes: Classes, width: int, palette: Palette) -> "_Matrices | None":
    """Return the most telling matrices that fit.

    Columns have the names of their classes, or where these are too long the numbers of the rows.
    """
    for shown in filter(None, (classes.matrices, classes.matrices[-1:])):
        for numbered in (False, True):
            matrices = _Matrices(classes, shown, palette, numbered=numbered)
            if matrices.width <= width:
                return matrices
    return None


class _Matrices:
    """Matrices of the same rows beside each other, and what became of each class behind them."""

    def __init__(
        self, classes: Classes, matrices: Sequence[Matrix], palette: Palette, *, numbered: bool
    ) -> None:
        self._classes, self._matrices, self._palette = classes, matrices, palette
        labels = [each.label for each in classes.classes]
        numbers = [str(number) for number in range(1, len(labels) + 1)]
        last = len(numbers[-1]) if numbers else 0
        self._heads = numbers if numbered else labels
        self._names = [
            f"{number.rjust(last)} {cut(label, _MOST_OF_A_NAME)}"
            if numbered
            else cut(label, _MOST_OF_A_NAME)
            for number, label in zip(numbers, labels, strict=True)
        ]
        self._left = max(map(width_of, self._names), default=0)
        most = max((n for each in matrices for row in each.counts for n in row), default=0)
        self._cell = max(len(str(most)), *map(width_of, self._heads), 1) + 2
        self._wide = self._cell * len(labels)

    @property
    def width(self) -> int:
        """Columns that it needs."""
        shares = sum(columns for _, columns in _shares(self._classes))
        return self._left + len(self._matrices) * (_GAP + self._wide) + shares

    def draw(self, text: Text) -> None:
        """Draw titles, heads and a row for each class."""
        muted = self._palette.muted
        text.append(" " * self._left)
        for matrix in self._matrices:
            title = cut(matrix.title, self._wide - 1)
            text.append(" " * _GAP + fill(f" {title}", self._wide), muted)
        text.append(" recall" if self._classes.compared else "", muted)
        text.append("\n" + " " * self._left)
        for _ in self._matrices:
            heads = "".join(fill_before(f"{head} ", self._cell) for head in self._heads)
            text.append(" " * _GAP + heads, muted)
        text.append("".join(_heads(self._classes)), muted)
        for right in range(len(self._names)):
            self._draw_class(text, right)

    def _draw_class(self, text: Text, right: int) -> None:
        text.append("\n" + fill(self._names[right], self._left), self._palette.text)
        for matrix in self._matrices:
            text.append(" " * _GAP)
            rows = sum(matrix.counts[right])
            for predicted, count in enumerate(matrix.counts[right]):
                style = self._style(count / rows if rows else 0.0, is_right=predicted == right)
                text.append(f"{count or _NONE} ".rjust(self._cell), style)
        _append_shares(text, self._classes, self._classes.classes[right], self._palette)

    def _style(self, share: float, *, is_right: bool) -> str:
        ink = self._palette.text if share or is_right else self._palette.faint
        shades = self._palette.shades
        shade = shades[min(int(share * len(shades)), len(shades) - 1)] if shades and share else ""
        return " ".join(filter(None, ("bold" if is_right else "", ink, shade and f"on {shade}")))


def _draw_list(text: Text, classes: Classes, width: int, palette: Palette) -> bool:
    """Draw a line for each class by rank; return whether there is room for what it is taken for."""
    name = max((width_of(each.label) for each in classes.ranked), default=0)
    name = min(max(name, len("class")), _MOST_OF_A_NAME)
    told = name + _ROWS + sum(columns for _, columns in _shares(classes))
    room = width - told - _APART
    with_bar = classes.compared and room - _BAR - _APART >= _LEAST_BESIDE_BARS
    room -= with_bar * (_BAR + _APART)
    says_taken_for = room >= _LEAST_OF_TAKEN_FOR
    heads = ("class".ljust(name), "rows".rjust(_ROWS), *_heads(classes))
    text.append("".join(heads), palette.muted)
    text.append((" " * (_APART + _BAR)) * with_bar, palette.muted)
    text.append((" " * _APART + "taken for") * says_taken_for, palette.muted)
    for each in classes.ranked:
        text.append("\n" + fill(cut(each.label, name), name), palette.text)
        text.append(str(each.rows).rjust(_ROWS), palette.muted)
        _append_shares(text, classes, each, palette)
        if with_bar:
            text.append(" " * _APART + _bar(each).ljust(_BAR), palette.bar)
        said = _taken_for(each, room, "+" if classes.compared else "") if says_taken_for else ""
        text.append(" " * _APART + said if said else "", palette.text)
    return says_taken_for


def _bar(each: ClassRow) -> str:
    """Draw how far the recall of a class fell."""
    return "" if each.fall is None or each.fall <= 0.0 else bar(each.fall, _BAR)


def _taken_for(each: ClassRow, room: int, sign: str) -> str:
    """Say what rows of a class are taken for, as far as there is room."""
    said = ""
    for label, rows in each.taken_for:
        one = f"{label} {sign}{rows}"
        longer = f"{said}, {one}" if said else one
        if width_of(longer) > room:
            return said or f"{cut(label, room - len(str(rows)) - len(sign) - 1)} {sign}{rows}"
        said = longer
    return said


def _shares(classes: Classes) -> Sequence[tuple[str, int]]:
    return _SHARES if classes.compared else (("recall", 7),)


def _heads(classes: Classes) -> Iterator[str]:
    return (head.rjust(columns) for head, columns in _shares(classes))


def _append_shares(text: Text, classes: Classes, each: ClassRow, palette: Palette) -> None:
    values = (each.before, each.after, each.fall) if classes.compared else (each.after,)
    for (_, columns), value in zip(_shares(classes), values, strict=True):
        said = _UNKNOWN if value is None else decimal(value)
        text.append(said.rjust(columns), palette.muted if value is None else palette.text)
