"""The trials of one study in a table: sorted, filtered, marked, and what is done with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from bertcl_tui.kit.form import Texts
from bertcl_tui.kit.listing import ListScreen
from bertcl_tui.kit.messages import Marked, OpenRun, Trouble
from bertcl_tui.store.filters import trial_fields
from bertcl_tui.store.filters.history import History
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.rows import Order, TrialRow
from bertcl_tui.study.columns import is_column
from bertcl_tui.study.facts import FACTS, fact_names
from bertcl_tui.study.listed import listed_trials
from bertcl_tui.study.look import MARGIN, Look, Question
from bertcl_tui.study.trials_form import trials_form
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.study.writing import to_tsv, write_trials
from bertcl_tui.style.wording import confirmation_text, count
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.titles import entitle
from engine.errors import EngineError


class TrialsScreen(ListScreen):
    """Has a table of trials with its filter in a panel ``#trials``.

    Args:
        study_id: of the study.
        reader: of the store.
        marked: numbers of the trials that are marked at first.
        columns: keys of those that the person chose; none: the usual ones.
        history: of earlier filters.
    """

    TABLE = "trials"

    @dataclass
    class _CameIntoView(Message):
        rows: tuple[TrialRow, ...]

    def __init__(
        self,
        study_id: int,
        reader: Reader,
        marked: frozenset[int],
        columns: Sequence[str] = (),
        history: History | None = None,
    ) -> None:
        super().__init__(columns, history)
        self._reader = reader
        self._question = Question(study_id=study_id, marked=marked)
        self._look: Look | None = None
        self._shown_order = self._question.order

    def trials_panel(self) -> ComposeResult:
        """Compose the table with its filter."""
        with Vertical(id="trials", classes="panel"):
            table = TrialsTable(self._question.marked)
            table.choose(self.columns)
            yield table
            yield FilterBar(trial_fields(0), self.history)

    def on_mount(self) -> None:
        self.name_unknown(is_column)

    def show_trials(self, look: Look) -> None:
        """Show what the store said."""
        table = self.list_table
        on_top = look.order != self._shown_order and table.cursor == 0
        self._shown_order = look.order
        table.show_trials(look.numbers, look.rows, look.known, look.labels, stay=on_top)
        self.show_order()
        self.query_one(FilterBar).ask_for(trial_fields(len(look.labels)))
        self._title_trials(look)

    def _title_trials(self, look: Look) -> None:
        order, column = self._question.order, self.sorting_column()
        total, shown = sum(look.study.counts.values()), len(look.numbers)
        found = f"{shown:,} of {total:,}" if self._question.where else f"{total:,}"
        name = order.field if column is None else column.label or column.key
        parts = [f"Trials ─ {found}"]
        if self._question.marked:
            parts.append(f"{len(self._question.marked):,} marked")
        parts.append(f"by {'number' if name == '#' else name} {'▼' if order.descending else '▲'}")
        if self._question.where:
            parts.append(f"/{self.query_one(FilterBar).in_force}")
        trial = look.cursor
        entitle(self.query_one("#trials"), " ─ ".join(parts), _note_on(trial) if trial else "")

    # what the person turns to

    @on(TrialsTable.Moved)
    def _moved(self) -> None:
        current = self.list_table.current
        number = None if current is None else current.number
        if number != self._question.cursor:
            self._ask(cursor=number)

    @on(TrialsTable.Wanted)
    def _wanted(self, message: TrialsTable.Wanted) -> None:
        self._question = replace(self._question, lines=message.lines)
        if self._look is not None:
            first, end = message.lines
            self._read_lines(self._look.numbers[max(0, first - MARGIN) : end + MARGIN])

    @work(thread=True, exclusive=True, group="lines")
    def _read_lines(self, numbers: Sequence[int]) -> None:
        try:
            rows = self._reader.chosen_trials(self._question.study_id, numbers)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
        else:
            self.post_message(self._CameIntoView(rows))

    @on(_CameIntoView)
    def _came_into_view(self, message: _CameIntoView) -> None:
        self.list_table.add(message.rows)

    @on(TrialsTable.Opened)
    def _opened(self) -> None:
        if self._look is not None and self.list_table.current is not None:
            self._open(self.list_table.current.number, self._look.numbers)

    @work(thread=True, exclusive=True, group="open")
    def _open(self, number: int, numbers: Sequence[int]) -> None:
        """Open a trial; one may go on from it through the whole list."""
        try:
            ids = self._reader.run_ids(self._question.study_id)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
            return
        if number in ids:
            among = [ids[other] for other in numbers if other in ids]
            self.post_message(OpenRun(ids[number], among))

    @on(TrialsTable.Marked)
    def _marked(self) -> None:
        marked = self.list_table.marked
        self._ask(marked=marked)
        self.post_message(Marked(self._question.study_id, marked))

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        self._ask(where=message.where)

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.list_table.focus()

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    def _ask(self, **changes: object) -> None:
        self._question = replace(self._question, **changes)
        self.follow()

    # order

    @property
    def list_table(self) -> TrialsTable:
        return self.query_one(TrialsTable)

    @property
    def order(self) -> Order:
        return self._question.order

    def set_order(self, order: Order) -> None:
        # On top of the list one stays on top, elsewhere with the trial.
        cursor = None if self.list_table.cursor == 0 else self._question.cursor
        self._ask(order=order, cursor=cursor)

    # copies

    def action_copy_lines(self) -> None:
        """Copy the marked trials, or the one under the cursor, as they are shown."""
        current = self.list_table.current
        here = [] if current is None else [current.number]
        numbers = self._marked_in_order() or here
        words = [column.key for column in self.list_table.shown if not column.fixed]
        if numbers and self._look is not None:
            self._copy(numbers, words, len(self._look.labels))

    @work(thread=True, exclusive=True, group="copy")
    def _copy(self, numbers: Sequence[int], words: Sequence[str], choices: int) -> None:
        try:
            text = to_tsv(self._rows(numbers), fact_names(words, choices), choices)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
            return
        self.app.call_from_thread(self.app.copy_to_clipboard, text)
        self._tell(f"{count(len(numbers), 'trial')} copied")

    def action_export_trials(self) -> None:
        """Ask for a file, and write the marked trials into it, or all that fit."""
        look = self._look
        if look is None:
            return
        marked = self._marked_in_order()
        numbers, choices = marked or list(look.numbers), len(look.labels)

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                self._export(numbers, choices, Path(texts["path"]).expanduser())

        form = trials_form(look.study.name, len(numbers), marked=bool(marked))
        self.app.push_screen(form, answered)

    @work(thread=True, group="export")
    def _export(self, numbers: Sequence[int], choices: int, out: Path) -> None:
        try:
            written = write_trials(self._rows(numbers), FACTS, choices, out)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
            return
        self._tell(f"{count(written, 'trial')} written to {out.resolve()}")

    def _marked_in_order(self) -> list[int]:
        """Return the marked trials: those of the list as they stand there, then the others."""
        marked = self._question.marked
        numbers = () if self._look is None else self._look.numbers
        shown = [number for number in numbers if number in marked]
        return [*shown, *sorted(marked.difference(shown))]

    def _rows(self, numbers: Sequence[int]) -> Iterator[TrialRow]:
        return listed_trials(self._reader, self._question.study_id, numbers)

    def _tell(self, text: str) -> None:
        self.app.call_from_thread(self.app.notify, text, markup=False)


def _note_on(trial: TrialRow) -> str:
    """Say what is to be known of a trial besides its numbers."""
    again = confirmation_text(trial.confirmation) if trial.confirmation else ""
    return " · ".join(filter(None, (trial.label, again, trial.reason)))
