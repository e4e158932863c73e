"""The trials of one study in a table: sorted, filtered, marked, and what is done with them."""

from typing import Final, get_args

from msgspec.structs import replace
from textual import on

from bertcl_tui.filters import trial_fields
from bertcl_tui.messages import Marked, OpenRun
from bertcl_tui.read import Reader
from bertcl_tui.rows import Order, SortColumn, TrialRow
from bertcl_tui.screens.live import LiveScreen
from bertcl_tui.study_look import Look, Question
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.titles import entitle
from bertcl_tui.widgets.trials_table import TrialsTable
from bertcl_tui.wording import told_again

_SORTED_BY: Final[tuple[SortColumn, ...]] = get_args(SortColumn)
_RISING: Final = {"number", "state"}


class TrialsScreen(LiveScreen):
    """Has a table of trials with its filter in a panel ``#trials``."""

    def __init__(self, study_id: int, reader: Reader, marked: frozenset[int]) -> None:
        super().__init__()
        self._reader = reader
        self._question = Question(study_id=study_id, marked=marked)
        self._look: Look | None = None

    def _show_trials(self, look: Look) -> None:
        table = self.query_one(TrialsTable)
        table.show_order(self._question.order)
        table.show_trials(look.window.rows, look.known)
        self.query_one(FilterBar).ask_for(trial_fields(len(look.labels)))
        self._title_trials(look)

    def _title_trials(self, look: Look) -> None:
        order, window = self._question.order, look.window
        found = f"{window.matching} of {window.total}" if self._question.where else window.total
        parts = [f"Trials ─ {found}", f"by {order.column} {'▼' if order.descending else '▲'}"]
        if self._question.where:
            parts.append(f"filter: {self.query_one(FilterBar).in_force}")
        if self._question.marked:
            parts.append(f"{len(self._question.marked)} marked")
        trial = look.cursor
        entitle(self.query_one("#trials"), " ─ ".join(parts), _note_on(trial) if trial else "")

    # what the person turns to

    @on(TrialsTable.Moved)
    def _moved(self) -> None:
        current = self.query_one(TrialsTable).current
        number = None if current is None else current.trial.number
        if number != self._question.cursor:
            self._ask(cursor=number)

    @on(TrialsTable.Opened)
    def _opened(self) -> None:
        table = self.query_one(TrialsTable)
        if table.current is not None:
            among = [item.trial.run_id for item in table.items]
            self.post_message(OpenRun(table.current.trial.run_id, among))

    @on(TrialsTable.Marked)
    def _marked(self) -> None:
        marked = self.query_one(TrialsTable).marked
        self._ask(marked=marked)
        self.post_message(Marked(self._question.study_id, marked))

    @on(TrialsTable.HeaderPressed)
    def _header_pressed(self, message: TrialsTable.HeaderPressed) -> None:
        if message.column == self._question.order.column:
            self.action_reverse()
        else:
            for column in _SORTED_BY:
                if column == message.column:
                    self._sort(column)

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        self._ask(where=message.where)

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.query_one(TrialsTable).focus()

    def _ask(self, **changes: object) -> None:
        self._question = replace(self._question, **changes)
        self.follow()

    def _sort(self, column: SortColumn) -> None:
        self._ask(order=Order(column, descending=column not in _RISING))

    def action_sort(self) -> None:
        trials = () if self._look is None else self._look.window.rows
        confirmed = any(trial.confirmation is not None for trial in trials)
        columns = [name for name in _SORTED_BY if confirmed or name != "confirmed"]
        place = columns.index(self._question.order.column)
        self._sort(columns[(place + 1) % len(columns)])

    def action_reverse(self) -> None:
        order = self._question.order
        self._ask(order=Order(order.column, descending=not order.descending))

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()


def _note_on(trial: TrialRow) -> str:
    """Say what is to be known of a trial besides its numbers."""
    again = told_again(trial.confirmation) if trial.confirmation else ""
    return " · ".join(filter(None, (trial.label, again, trial.reason)))
