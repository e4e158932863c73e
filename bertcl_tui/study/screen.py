"""One study: its trials, how they forget, and with which learning rates.

A thread reads the store and posts what it read; the screen keeps it as its look and hands it to the
list of trials and to the charts. What the person turns to comes back as their messages, changes
the question, and the store is read anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import ClassVar, Final

from msgspec.structs import replace
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.listing import Remembered
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import (
    ControlStudies,
    Marked,
    OpenArena,
    OpenCombine,
    OpenCompare,
    OpenNewStudy,
    RenameStudy,
    Trouble,
    WriteNote,
    WriteReport,
)
from bertcl_tui.kit.studies import stop
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.study.baseline import ask_for_baseline, baselines
from bertcl_tui.study.grid import PanelGrid
from bertcl_tui.study.look import (
    MARGIN,
    MOST_COMPARED,
    Look,
    Question,
    facts_of,
    look_at_study,
    trials_to_compare,
)
from bertcl_tui.study.panels.importance import Weighing
from bertcl_tui.study.panels.plane import PlaneChart
from bertcl_tui.study.past import LATEST, Past
from bertcl_tui.study.time_line import TimeLine
from bertcl_tui.study.trials import TrialsList, retry
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.frame import TopBar
from bertcl_tui.widgets.keys import KeyBar, key_for
from engine.errors import EngineError

_OF_NOW: Final = {"pause_or_resume", "stop_study", "rename_study", "confirm_trials", "retry"}
"""What is not offered while the study is shown as it stood."""


@dataclass
class StudyRead(Folding):
    """What the store said; None: the study is gone."""

    look: Look | None


@dataclass
class LinesRead(Message):
    """Trials that came into view."""

    rows: tuple[TrialRow, ...]


class StudyScreen(LiveScreen):
    """Shows the trials of a study; its charts follow the cursor and the marks.

    Args:
        study_id: of the study.
        reader: of the store.
        unsaved: whether trials are marked, by number, where the store does not know it yet.
        left: how the person left the list of trials.
    """

    PLACE: ClassVar[Place] = "study"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("study")]
    AUTO_FOCUS = "TrialsTable"
    ALLOW_IN_MAXIMIZED_VIEW = "TopBar, TimeLine, KeyBar"
    ESCAPE_TO_MINIMIZE = False  # escape first ends what goes on in the chart
    TABLE: ClassVar[str] = "trials"
    """What the table's columns and filters are remembered under."""

    def __init__(
        self,
        study_id: int,
        reader: Reader,
        unsaved: Mapping[int, bool] = MappingProxyType({}),
        left: Remembered | None = None,
    ) -> None:
        super().__init__()
        self._reader = reader
        self._look: Look | None = None
        self._trials = TrialsList(reader, unsaved, self.TABLE, left or Remembered())
        self._question = Question(study_id=study_id, order=self._trials.listing.order)
        self._grid = PanelGrid(self._trials)
        self._time_line = TimeLine()
        self._weighing = Weighing(self, reader)

    def compose(self) -> ComposeResult:
        yield TopBar("Studies")
        yield self._grid
        yield self._time_line
        yield KeyBar()

    def on_unmount(self) -> None:
        self._weighing.cancel()

    def on_resize(self, _: events.Resize) -> None:
        self.refresh_bindings()

    @property
    def study_id(self) -> int:
        """Of the study that is shown."""
        return self._question.study_id

    # what is read and shown

    def read(self) -> StudyRead:
        return StudyRead(look_at_study(self._reader, self._question, self._look))

    @on(StudyRead)
    def _show(self, message: StudyRead) -> None:
        look = message.look
        if look is None:
            self.lose("the study was deleted")
            return
        self._look = look
        marked = self._trials.table.follow_marks(look.stored_marks)
        self._question = replace(self._question, marked=marked)
        if marked != look.marks:
            self.follow()
        self._trials.show(self._question, look)
        self.query_one(TopBar).show(["Studies", look.study.name], facts_of(look.study, look.past))
        self._grid.show(look)
        if look.past is None:
            self._weighing.begin_if_old(look, self._question.evaluator)
        else:
            self._show_moment(look, look.past)
        self.refresh_bindings()

    # what the person turns to

    def _ask(self, **changes: object) -> None:
        self._question = replace(self._question, **changes)
        self.follow()

    @on(TrialsTable.Moved)
    def _moved(self) -> None:
        current = self._trials.table.current
        number = None if current is None else current.number
        if number != self._question.cursor:
            self._ask(cursor=number)

    @on(PlaneChart.Walked)
    def _walked(self, message: PlaneChart.Walked) -> None:
        """Let the table's cursor go along, where the trial stands in it."""
        line = self._trials.table.line_of(message.number)
        if line is not None:
            self._trials.table.cursor = line
        self._ask(cursor=message.number)

    @on(TrialsTable.Marked)
    def _marked(self) -> None:
        marked, before = self._trials.table.marked, self._question.marked or frozenset()
        self._ask(marked=marked)
        changes = {number: number in marked for number in marked ^ before}
        self.post_message(Marked(self._question.study_id, changes))

    @on(TrialsList.Sorted)
    def _sorted(self, message: TrialsList.Sorted) -> None:
        # On top of the list one stays on top, elsewhere with the trial.
        cursor = None if self._trials.table.cursor == 0 else self._question.cursor
        self._ask(order=message.order, cursor=cursor)

    @on(FilterBar.Changed)
    def _filtered(self, message: FilterBar.Changed) -> None:
        self._ask(where=message.where)

    @on(TrialsTable.Unread)
    def _scrolled(self, message: TrialsTable.Unread) -> None:
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
            self.post_message(LinesRead(rows))

    @on(LinesRead)
    def _show_lines(self, message: LinesRead) -> None:
        self._trials.table.add(message.rows)

    # the list

    def action_sort(self) -> None:
        self._trials.listing.sort_by_next()

    def action_reverse(self) -> None:
        self._trials.listing.reverse()

    def action_choose_sort(self) -> None:
        self._trials.listing.choose_order()

    def action_choose_columns(self) -> None:
        self._trials.listing.choose_columns()

    def action_fold_collapsed(self) -> None:
        self._ask(unfolded=not self._question.unfolded)

    def action_filter(self) -> None:
        self._grid.show_all()
        self._trials.filter_bar.open()

    def action_recall_filter(self) -> None:
        self._trials.filter_bar.action_recall_filter()

    def action_copy_lines(self) -> None:
        self._trials.copy_lines()

    def action_export_trials(self) -> None:
        self._trials.export()

    def action_write_report(self) -> None:
        if self._look is not None:
            self.post_message(WriteReport(self._look.study.id, self._look.study.name))

    # the charts

    def action_show_panel(self, number: int) -> None:
        self._grid.show_panel(number)

    def action_next_panel(self) -> None:
        self._grid.show_next()

    def action_group_curves(self) -> None:
        self._ask(groups=self._question.groups.next())

    def action_turn_spread(self) -> None:
        self._ask(groups=self._question.groups.turned())

    def action_turn_evaluator(self) -> None:
        """Let the other evaluator say what matters."""
        other = "fanova" if self._question.evaluator == "ped-anova" else "ped-anova"
        self._ask(evaluator=other)

    def action_choose_baseline(self) -> None:
        """Ask which flat run the trials are held against."""
        look = self._look
        if look is None:
            return
        now = None if look.flat is None else look.flat.run_id
        found = partial(baselines, self._reader, look.study.id, look.scored)
        ask_for_baseline(self, found, now, lambda run: self._ask(baseline=run))

    # its past

    def action_replay(self) -> None:
        """Show the study as it stood, with a line of its time; from elsewhere, go back to that."""
        if self._question.until is not None:
            self._time_line.focus()
        elif self._look is not None and self._look.study.ended:
            self._time_line.begin()
            self._ask(until=LATEST)
        else:
            self.notify("no trial has ended yet: there is nothing to replay", markup=False)

    def _show_moment(self, look: Look, past: Past) -> None:
        """Put the cursor on what ended last, where that is what was asked for."""
        self._time_line.show(past)
        asked = self._question
        line = None if asked.cursor is None else self._trials.table.line_of(asked.cursor)
        if past.until == asked.until and look.cursor is not None and line is not None:
            self._trials.table.cursor = line

    @on(TimeLine.Scrubbed)
    def _scrubbed(self, message: TimeLine.Scrubbed) -> None:
        self._ask(until=message.until, cursor=message.last)

    @on(TimeLine.Turned)
    def _turned(self, message: TimeLine.Turned) -> None:
        self._trials.table.cursor += message.lines

    def _leave_replay(self) -> None:
        self._time_line.end()
        self._trials.table.focus()
        self._ask(until=None)

    # the trials

    def action_combine(self) -> None:
        self.post_message(OpenCombine(self._question.study_id))

    def action_compare_trials(self) -> None:
        """Show the marked trials, or the cursor's and one more, side by side."""
        if self._look is None:
            return
        marks = self._trials.table.marked
        numbers = trials_to_compare(self._look, marks)
        if len(numbers) < 2:  # noqa: PLR2004 - one is like itself
            self.notify(
                f"Nothing to compare with yet: mark trials with {key_for(self.app, 'mark')}",
                markup=False,
            )
            return
        if len(marks) > MOST_COMPARED:
            self.notify(f"{MOST_COMPARED} of {len(marks)} marked trials fit", markup=False)
        self.post_message(OpenCompare(self._question.study_id, numbers))

    def action_confirm_trials(self) -> None:
        from bertcl_tui.study.confirming import ask_to_confirm

        if self._look is not None:
            ask_to_confirm(self, self._reader, self._look, self._trials.table.marked)

    def action_retry(self) -> None:
        """Run the marked trials once more, else the one under the cursor."""
        current = self._trials.table.current
        here = () if current is None else (current.number,)
        numbers = sorted(self._trials.table.marked) or here
        retry(self, self._reader, self._question.study_id, numbers)

    def action_write_note(self) -> None:
        trial = self._trials.table.current_trial
        if trial is not None:
            self.post_message(WriteNote(self.study_id, trial.number, trial.note or ""))

    def action_open_arena(self) -> None:
        self.post_message(OpenArena())

    # the study

    def action_new_like(self) -> None:
        self.post_message(OpenNewStudy(like=self.study_id))

    def action_pause_or_resume(self) -> None:
        look = self._look
        if look is None:
            return
        if look.study.state == "complete":
            self.notify(f"{look.study.name} is complete", markup=False)
            return
        going = look.study.desired == "running" and not look.abandoned
        self.post_message(ControlStudies([look.study.id], "paused" if going else "running"))

    def action_rename_study(self) -> None:
        if self._look is not None:
            self.post_message(RenameStudy(self._look.study.id, self._look.study.name))

    def action_stop_study(self) -> None:
        if self._look is not None:
            stop(self, [self._look.study])

    def action_back(self) -> None:
        """End what goes on, from the inside to the outside; at last leave the study."""
        if self.maximized is not None:
            self._grid.show_all()
            if self._question.until is not None:
                self._time_line.focus()
        elif isinstance(self.focused, Chart):
            (self._trials.table if self._question.until is None else self._time_line).focus()
        elif self._question.until is not None:
            self._leave_replay()
        elif self._trials.table.ranging:
            self._trials.table.end_range()
        elif not self._trials.filter_bar.clear():
            self.dismiss()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        if self._question.until is not None and action in _OF_NOW:
            return False
        match action:
            case "next_panel":
                return not self._grid.shows_all or self.maximized is not None
            case "turn_spread":
                return bool(self._question.groups.by)
            case _:
                return True
