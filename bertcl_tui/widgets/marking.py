"""A table whose lines are marked: one by one, all that are shown, or a range."""

from abc import abstractmethod
from collections.abc import Sequence

from textual.message import Message

from bertcl_tui.widgets.row_table import Item, RowTable


class MarkingTable(RowTable[Item]):
    """Remembers which items are marked, by the number that is their key.

    Args:
        marked: those that are at first.
    """

    class Marked(Message):
        """Other items are marked now."""

    def __init__(self, marked: frozenset[int] = frozenset(), *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.marked = marked
        self._range_from: int | None = None
        """The item at which a range was begun."""
        self._taken: frozenset[int] = frozenset()
        """What was marked when every mark was taken away."""

    @abstractmethod
    def key(self, item: Item) -> int:
        """Return the number of an item."""

    @property
    @abstractmethod
    def keys(self) -> Sequence[int]:
        """The numbers of all that is shown, from top to bottom."""

    @abstractmethod
    def show_marks(self, *, stay: bool = False) -> None:
        """Show the lines anew, with the marks as they are now."""

    @property
    def ranging(self) -> bool:
        """Whether a range is being stretched."""
        return self._range_from is not None

    @property
    def ranged_lines(self) -> range:
        """The lines of the range that is being stretched."""
        begun = None if self._range_from is None else self.line_of(self._range_from)
        if begun is None:
            return range(0)
        first, last = sorted((begun, self.cursor))
        return range(first, last + 1)

    @property
    def ranged(self) -> frozenset[int]:
        """The numbers of what is in that range."""
        lines = self.ranged_lines
        return frozenset(self.keys[lines.start : lines.stop])

    def action_mark(self) -> None:
        here = self.ranged or self._here()
        self._mark(self.marked - here if here <= self.marked else self.marked | here)

    def action_mark_range(self) -> None:
        if self.ranging:
            self.end_range()
        elif self.current is not None:
            self._range_from = self.key(self.current)
            self.show_marks()

    def action_extend_down(self) -> None:
        self._extend(1)

    def action_extend_up(self) -> None:
        self._extend(-1)

    def action_mark_all(self) -> None:
        shown = frozenset(self.keys)
        self._mark(self.marked - shown if shown <= self.marked else self.marked | shown)

    def action_invert_marks(self) -> None:
        self._mark(self.marked ^ frozenset(self.keys))

    def action_clear_marks(self) -> None:
        taken, self._taken = self._taken, self.marked
        self._mark(frozenset() if self.marked else taken)

    def end_range(self) -> None:
        """Forget the range without marking it."""
        self._range_from = None
        self.show_marks()

    def forget_range_of_gone(self) -> None:
        """End a range whose first item is shown no more."""
        if self._range_from is not None and self.line_of(self._range_from) is None:
            self._range_from = None

    def watch_cursor(self, old: int, new: int) -> None:
        super().watch_cursor(old, new)
        if self.ranging:
            self.show_marks()

    def _extend(self, lines: int) -> None:
        if not self.ranging:
            self.action_mark_range()
        self.cursor += lines

    def _mark(self, numbers: frozenset[int]) -> None:
        self._range_from = None
        self.marked = numbers
        self.show_marks()
        self.post_message(self.Marked())

    def _here(self) -> frozenset[int]:
        return frozenset() if self.current is None else frozenset({self.key(self.current)})
