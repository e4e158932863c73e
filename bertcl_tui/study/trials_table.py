"""The trials of a study in lines, to be marked."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, overload

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.forgetting import Known
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.study.cells import TrialLine
from bertcl_tui.study.columns import ROOMY, TrialColumn, trial_columns
from bertcl_tui.style.looks import Looks
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.marking import MarkingTable

_RUN_AGAIN: Final = {"mean": "raced", "confirmed": "confirmation"}
"""Columns of trials that were run again, and what says that one was."""


class TrialLines(Sequence[TrialLine]):
    """As many lines as there are numbers, with what was read of the trials.

    Args:
        numbers: of the trials, in their order.
        rows: what was read, by number.
        known: what those that run or rest would score by now, by number.
        slots: colour and glyph of those that have them in the charts, by number.
        marked: numbers of those that are marked.
        ranged: lines of the range that is being stretched.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        rows: Mapping[int, TrialRow],
        known: Mapping[int, Known],
        slots: Mapping[int, int],
        *,
        marked: frozenset[int],
        ranged: range,
    ) -> None:
        self._numbers, self._rows, self._known, self._slots = numbers, rows, known, slots
        self._marked, self._ranged = marked, ranged

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> TrialLine: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[TrialLine]: ...
    def __getitem__(self, place: int | slice) -> TrialLine | Sequence[TrialLine]:
        if isinstance(place, slice):
            return [self[line] for line in range(*place.indices(len(self)))]
        number = self._numbers[place]
        marked: Literal["marked", ""] = "marked" if number in self._marked else ""
        mark = "ranged" if place in self._ranged else marked
        return TrialLine(
            number, self._rows.get(number), mark, self._slots.get(number), self._known.get(number)
        )


class TrialsTable(MarkingTable[TrialLine]):
    """Knows the numbers of all trials that fit, and asks for those that come into view.

    Args:
        unsaved: whether trials are marked, by number, where the store does not know it yet.
    """

    PLACE: ClassVar[Place] = "trials"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("trials")]
    GAP = 1

    @dataclass
    class Unread(Message):
        """Lines came into view of which not all was read."""

        lines: tuple[int, int]
        """The first one, and the one after the last."""

    def __init__(self, unsaved: Mapping[int, bool], *, classes: str | None = None) -> None:
        marked = frozenset(number for number, still in unsaved.items() if still)
        super().__init__(marked, classes=classes)
        self._stored = frozenset(unsaved) - marked
        """What the store had as marked; at first, what is unmarked where it still has it."""
        self._numbers: Sequence[int] = ()
        self._rows: dict[int, TrialRow] = {}
        self._known: Mapping[int, Known] = {}
        self._slots: Mapping[int, int] = {}
        self._offered: Sequence[TrialColumn] = trial_columns(())
        self._again: frozenset[str] = frozenset()
        """Which columns of trials that were run again have something in them."""

    def key(self, item: TrialLine) -> int:
        return item.number

    @property
    def keys(self) -> Sequence[int]:
        return self._numbers

    def follow_marks(self, stored: frozenset[int]) -> frozenset[int]:
        """Mark and unmark what was in the store since the last time; return what is marked now."""
        came, went = stored - self._stored, self._stored - stored
        self._stored, self.marked = stored, (self.marked | came) - went
        return self.marked

    @property
    def current_trial(self) -> TrialRow | None:
        """The trial under the cursor; None: it was not read yet."""
        return None if self.current is None else self.current.trial

    def line_of(self, key: Hashable) -> int | None:
        return self._numbers.index(key) if key in self._numbers else None

    @property
    def offered(self) -> Sequence[Column]:
        return self._offered

    def columns(self, width: int) -> Sequence[Column]:
        """Show what raced or was confirmed where something did; where room is scarce, not rates."""
        columns = super().columns(width)
        if self._chosen:
            return columns
        left_out = _RUN_AGAIN.keys() - self._again
        if self._again and width < ROOMY:
            left_out = {*left_out, "rates"}
        return [column for column in columns if column.key not in left_out]

    def cells(self, item: TrialLine, looks: Looks) -> dict[str, Text]:
        shown = {column.key for column in self.shown}
        return {
            column.key: column.cell(item, looks) for column in self._offered if column.key in shown
        }

    def show_trials(
        self,
        numbers: Sequence[int],
        rows: Sequence[TrialRow],
        known: Mapping[int, Known],
        choices: tuple[str, ...] = (),
        *,
        slots: Mapping[int, int] | None = None,
        tasks: int = 2,
        stay: bool = False,
    ) -> None:
        """Show the trials with these numbers, with the marks there are.

        Args:
            numbers: of all of them, in their order.
            rows: what was read of some.
            known: what those that run or rest would score by now.
            choices: what each group of layers with a rate of its own is called.
            slots: colour and glyph of those that have them in the charts.
            tasks: how many the sequence has.
            stay: let the cursor stay in its line, not on its trial.
        """
        seen = slice(*self.seen)
        still = {n: self._rows[n] for n in self._numbers[seen] if n in self._rows}
        self._numbers, self._known, self._slots = numbers, known, slots or {}
        self._rows = still | {row.number: row for row in rows}
        again = self._again | {
            key for key, fact in _RUN_AGAIN.items() if any(getattr(row, fact) for row in rows)
        }
        offered = trial_columns(choices, len(str(max(numbers, default=0))), tasks)
        if (offered, again) != (self._offered, self._again):
            self._offered, self._again = offered, again
            self.lay_out()
        self.forget_range_of_gone()
        self.show_marks(stay=stay)
        self._ask()

    def add(self, rows: Sequence[TrialRow]) -> None:
        """Show what was read of trials that came into view."""
        self._rows |= {row.number: row for row in rows}
        self.show_marks()

    def _ask(self) -> None:
        """Ask for the trials in view where one of them was not read."""
        first, end = self.seen
        if any(number not in self._rows for number in self._numbers[first:end]):
            self.post_message(self.Unread((first, end)))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._ask()

    def on_resize(self) -> None:
        self._ask()

    def show_marks(self, *, stay: bool = False) -> None:
        lines = TrialLines(
            self._numbers,
            self._rows,
            self._known,
            self._slots,
            marked=self.marked,
            ranged=self.ranged_lines,
        )
        self.show(lines, stay=stay)
