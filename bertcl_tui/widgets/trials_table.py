"""The trials of a study in lines, to be marked."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from msgspec import Struct
from rich.text import Text
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.sparkline import rate_glyphs
from bertcl_tui.drawings.rates import rate_bounds
from bertcl_tui.looks import Looks
from bertcl_tui.retention import Known
from bertcl_tui.rows import BY_P, Order, TrialRow
from bertcl_tui.states import state_text
from bertcl_tui.widgets.row_table import Column, RowTable
from bertcl_tui.wording import mean_of, score
from engine.store.states import ENDED

_ROOMY = 64
"""Columns of characters from which there is room for everything."""
_GLYPHS = {"marked": "◉", "ranged": "▸", "": " "}


class TrialLine(Struct, frozen=True):
    """A trial and whether it is marked, or in the range that is being stretched."""

    trial: TrialRow
    mark: Literal["marked", "ranged", ""] = ""
    known: Known | None = None
    """Of a running trial: what it would score by now."""


class TrialsTable(RowTable[TrialLine]):
    PLACE: ClassVar[Place] = "trials"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("trials")]
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="mark", label="◉", width=1),
        Column(key="number", label="#", width=4, align="right"),
        Column(key="p", label="p", width=5, align="right"),
        Column(key="confirmed", label="confirmed", width=11),
        Column(key="p_o", label="p_o", width=5, align="right"),
        Column(key="p_s", label="p_s", width=5, align="right"),
        Column(key="rates", label="lrs", width=10),
        Column(key="state", label="state", width=14),
        Column(key="note", label="", width=10, stretch=True, since=_ROOMY),
    )
    GAP = 1

    class Marked(Message):
        """Other trials are marked now."""

    def __init__(self, marked: frozenset[int], *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.marked = marked
        self._order = BY_P
        self._trials: tuple[TrialRow, ...] = ()
        self._known: Mapping[int, Known] = {}
        self._confirmed = False
        """Whether any of them was run again with fresh seeds."""
        self._range_from: int | None = None
        """The number of the trial at which a range was begun."""

    def key(self, item: TrialLine) -> int:
        return item.trial.number

    def columns(self, width: int) -> Sequence[Column]:
        """Show what was confirmed where something was; where room is scarce, instead of rates."""
        left_out = "confirmed" if not self._confirmed else "rates" if width < _ROOMY else ""
        return [column for column in super().columns(width) if column.key != left_out]

    def show_order(self, order: Order) -> None:
        """Say in the header by what the trials are sorted."""
        if order != self._order:
            self._order = order
            self.refresh(Region(0, 0, self.size.width, 1))

    def show_trials(self, trials: tuple[TrialRow, ...], known: Mapping[int, Known]) -> None:
        """Show these trials with the marks there are, and what running ones would score by now."""
        self._trials, self._known = trials, known
        confirmed = any(trial.confirmation is not None for trial in trials)
        if confirmed != self._confirmed:
            self._confirmed = confirmed
            self.lay_out()
        if self._range_from is not None and self._line_of(self._range_from) is None:
            self._range_from = None
        self._show_marks()

    def _show_marks(self) -> None:
        ranged = self._ranged()
        self.show([self._line(trial, ranged) for trial in self._trials])

    def _line(self, trial: TrialRow, ranged: frozenset[int]) -> TrialLine:
        marked: Literal["marked", ""] = "marked" if trial.number in self.marked else ""
        mark = "ranged" if trial.number in ranged else marked
        return TrialLine(trial, mark, self._known.get(trial.number))

    # marking

    @property
    def ranging(self) -> bool:
        """Whether a range is being stretched."""
        return self._range_from is not None

    def action_mark(self) -> None:
        here = self._ranged() or self._current_numbers()
        self._mark(self.marked - here if here <= self.marked else self.marked | here)

    def action_mark_range(self) -> None:
        if self.ranging:
            self.end_range()
        elif self.current is not None:
            self._range_from = self.current.trial.number
            self._show_marks()

    def action_extend_down(self) -> None:
        self._extend(1)

    def action_extend_up(self) -> None:
        self._extend(-1)

    def action_mark_all(self) -> None:
        shown = frozenset(trial.number for trial in self._trials)
        self._mark(self.marked - shown if shown <= self.marked else self.marked | shown)

    def action_invert_marks(self) -> None:
        self._mark(self.marked ^ {trial.number for trial in self._trials})

    def action_clear_marks(self) -> None:
        self._mark(frozenset())

    def end_range(self) -> None:
        """Forget the range without marking it."""
        self._range_from = None
        self._show_marks()

    def watch_cursor(self, old: int, new: int) -> None:
        super().watch_cursor(old, new)
        if self.ranging:
            self._show_marks()

    def _extend(self, lines: int) -> None:
        if not self.ranging:
            self.action_mark_range()
        self.cursor += lines

    def _mark(self, numbers: frozenset[int]) -> None:
        self._range_from = None
        self.marked = numbers
        self._show_marks()
        self.post_message(self.Marked())

    def _current_numbers(self) -> frozenset[int]:
        return frozenset() if self.current is None else frozenset({self.current.trial.number})

    def _ranged(self) -> frozenset[int]:
        if self._range_from is None:
            return frozenset()
        begin, end = sorted((self._line_of(self._range_from) or 0, self.cursor))
        return frozenset(trial.number for trial in self._trials[begin : end + 1])

    def _line_of(self, number: int) -> int | None:
        return next((i for i, t in enumerate(self._trials) if t.number == number), None)

    # cells

    def header(self, column: Column) -> str:
        if column.key != self._order.column:
            return column.label
        return f"{column.label}{'▼' if self._order.descending else '▲'}"

    def cells(self, item: TrialLine, looks: Looks) -> dict[str, Text]:
        trial = item.trial
        bounds = rate_bounds(trial.learning_rates)
        known = item.known or Known(None, None)
        return {
            "mark": Text(_GLYPHS[item.mark], style=f"bold {looks.accent}"),
            "number": Text(str(trial.number), style="bold" if item.mark else ""),
            "p": _score(trial.p, looks),
            "confirmed": Text(mean_of(trial.confirmation) if trial.confirmation else ""),
            "p_o": _score(trial.p_o, looks, known.p_o),
            "p_s": _score(trial.p_s, looks, known.p_s),
            "rates": Text(rate_glyphs(trial.learning_rates, bounds)),
            "state": _state(trial, looks),
            "note": Text(trial.label or trial.reason or "", style=looks.muted),
        }


def _score(value: float | None, looks: Looks, by_now: float | None = None) -> Text:
    if value is not None:
        return Text(score(value))
    return Text(score(by_now), style=f"italic {looks.muted}")


def _state(trial: TrialRow, looks: Looks) -> Text:
    text = state_text(trial.state, trial.desired, looks)
    if trial.state not in ENDED and trial.step and trial.steps:
        text.append(f" {trial.step / trial.steps:.0%}")
    return text
