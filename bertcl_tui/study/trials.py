"""The trials of one study in a list: sorted, filtered, marked, exported, run once more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from textual import on, work
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen

from bertcl_tui.kit.dialogs import FormScreen, Texts
from bertcl_tui.kit.listing import Listing, Remembered
from bertcl_tui.kit.messages import OpenRun, RetryRuns, Trouble
from bertcl_tui.kit.pending import carry_out
from bertcl_tui.options.readers import file_field
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import BY_P, Order, TrialRow
from bertcl_tui.study.columns import is_column, trial_fields
from bertcl_tui.study.look import Look, Question
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.study.writing import (
    FACTS,
    fact_names,
    listed_trials,
    to_tsv,
    write_trials,
)
from bertcl_tui.style.wording import confirmation_text, count, seeds_text
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.widgets.keys import key_for
from engine.errors import EngineError, shown
from engine.files import check_target, expanded
from engine.store.states import RETRIED

_WRITTEN: Final = "with every column and every digit"


class TrialsList(Vertical):
    """A panel with the table of trials and its filter.

    Args:
        reader: of the store, for what is opened, copied and exported.
        unsaved: whether trials are marked, by number, where the store does not know it yet.
        name: what its columns and its order are remembered under.
        left: how the person left such a list.
    """

    @dataclass
    class Sorted(Message):
        """The person chose another order."""

        order: Order

    def __init__(
        self,
        reader: Reader,
        unsaved: Mapping[int, bool],
        name: str,
        left: Remembered,
    ) -> None:
        super().__init__(id="trials", classes="panel")
        self._reader, self._columns = reader, left.columns
        self.table = TrialsTable(unsaved)
        self.filter_bar = FilterBar(trial_fields(0), left.history)
        self.listing = Listing(self.table, name, BY_P, left.order, self._sorted)
        self._look: Look | None = None
        self._shown_order = self.listing.order

    def compose(self) -> ComposeResult:
        self.table.choose(self._columns)
        yield self.table
        yield self.filter_bar

    def on_mount(self) -> None:
        self.listing.warn_of_unknown(self._columns, is_column)

    def show(self, question: Question, look: Look) -> None:
        """Show what was read of the study.

        Args:
            question: what is asked by now.
            look: the answer to it, or to one before.
        """
        self._look = look
        on_top = look.order != self._shown_order and self.table.cursor == 0
        self._shown_order = look.order
        self.table.show_trials(
            look.numbers,
            look.rows,
            look.known,
            look.labels,
            slots=look.slots,
            tasks=look.tasks,
            stay=on_top,
        )
        self.listing.show_order()
        self.filter_bar.ask_for(trial_fields(len(look.labels)))
        title = " ─ ".join(self._title(question, look))
        entitle(self, title, _note_on(look.cursor) if look.cursor else "")

    def _title(self, question: Question, look: Look) -> Iterable[str]:
        order, column = self.listing.order, self.listing.column
        total, shown = sum(look.study.counts.values()), len(look.numbers)
        if look.folded:
            key = key_for(self.app, "fold_collapsed")
            yield f"Trials ─ {shown:,} + {look.folded:,} collapsed ({key})"
        else:
            yield f"Trials ─ {f'{shown:,} of {total:,}' if question.where else f'{total:,}'}"
        if question.marked:
            yield f"{len(question.marked):,} marked"
        name = order.field if column is None else column.label or column.key
        yield f"by {'number' if name == '#' else name} {'▼' if order.descending else '▲'}"
        if question.where:
            yield f"/{self.filter_bar.in_force}"

    # order and filter

    @on(TrialsTable.HeaderPressed)
    def _header_pressed(self, message: TrialsTable.HeaderPressed) -> None:
        self.listing.sort_by(message.column)

    def _sorted(self) -> None:
        self.post_message(self.Sorted(self.listing.order))

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.table.focus()

    # opening

    @on(TrialsTable.Opened)
    def _opened(self) -> None:
        if self._look is not None and self.table.current is not None:
            self._open(self._look, self.table.current.number)

    @work(thread=True, exclusive=True, group="open")
    def _open(self, look: Look, number: int) -> None:
        """Open a trial; one may go on from it through the whole list."""
        try:
            ids = self._reader.run_ids(look.study.id)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
            return
        if number in ids:
            among = [ids[other] for other in look.numbers if other in ids]
            self.post_message(OpenRun(ids[number], among))

    # copies

    def copy_lines(self) -> None:
        """Copy the marked trials, or the one under the cursor, as they are shown."""
        current = self.table.current
        here = [] if current is None else [current.number]
        words = [column.key for column in self.table.shown if not column.fixed]
        if self._look is not None and (numbers := self._marked_in_order(self._look) or here):
            copy = partial(self._copy, self.app, self._look, numbers, words)
            carry_out(self.app, copy, group="copy")

    def _copy(
        self, app: App[object], look: Look, numbers: Sequence[int], words: Sequence[str]
    ) -> str:
        choices = len(look.labels)
        text = to_tsv(self._rows(look, numbers), fact_names(words, choices), choices)
        app.call_from_thread(app.copy_to_clipboard, text)
        return f"{count(len(numbers), 'trial')} copied"

    def export(self) -> None:
        """Ask for a file, and write the marked trials into it, or all that fit."""
        look = self._look
        if look is None:
            return
        marked = self._marked_in_order(look)
        numbers = marked or list(look.numbers)

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                export = partial(self._export, look, numbers, expanded(texts["path"]))
                carry_out(self.app, export, group="export")

        form = _export_form(look.study.name, len(numbers), marked=bool(marked))
        self.app.push_screen(form, answered)

    def _export(self, look: Look, numbers: Sequence[int], out: Path) -> str:
        written = write_trials(self._rows(look, numbers), FACTS, len(look.labels), out)
        return f"{count(written, 'trial')} written to {shown(out.absolute())}"

    def _marked_in_order(self, look: Look) -> list[int]:
        """Return the marked trials: those of the list as they stand there, then the others."""
        marked = self.table.marked
        shown = [number for number in look.numbers if number in marked]
        return [*shown, *sorted(marked.difference(shown))]

    def _rows(self, look: Look, numbers: Sequence[int]) -> Iterable[TrialRow]:
        return listed_trials(self._reader, look.study.id, numbers)


def _note_on(trial: TrialRow) -> str:
    """Say what is to be known of a trial besides its numbers."""
    again = confirmation_text(trial.confirmation) if trial.confirmation else ""
    seeds = seeds_text(trial.raced) if trial.raced else ""
    return " · ".join(filter(None, (trial.label, seeds, again, trial.reason)))


def _export_form(study: str, trials: int, *, marked: bool) -> FormScreen:
    """Ask for a file.

    Args:
        study: name of the study.
        trials: how many are written.
        marked: whether those are the marked ones.
    """

    def remark(texts: Texts) -> str:
        from engine.exports.rows import check_ending

        target = expanded(texts["path"]).absolute()
        check_ending(target)
        check_target(target)
        which = count(trials, "marked trial" if marked else "trial")
        return f"{'Replaces' if target.exists() else 'Writes'} {target}: {which}, {_WRITTEN}"

    file = f"{study.replace(':', '-').replace('/', '-')}.csv"
    field = file_field("Ends in .csv, .tsv, .json or .parquet.", file)
    return FormScreen("Export trials", [field], go="Export", remark=remark)


def retry(screen: Screen[None], reader: Reader, study_id: int, numbers: Sequence[int]) -> None:
    """Have those of these trials run again that ended without a result."""
    app = screen.app
    carry_out(app, partial(_retry, app, reader, study_id, numbers), group="retry")


def _retry(app: App[object], reader: Reader, study_id: int, numbers: Sequence[int]) -> str:
    trials = reader.chosen_trials(study_id, numbers)
    again = [trial.run_id for trial in trials if trial.state in RETRIED]
    if again:
        app.post_message(RetryRuns(again))
        return ""
    states = ", ".join(f"#{trial.number} is {trial.state}" for trial in trials[:3])
    return f"nothing to run again: {states or 'no trial'}"
