"""Home: every study, how it does, and who works on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.listing import Listing
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import (
    ControlStudies,
    DeleteStudy,
    OpenArena,
    OpenCombine,
    OpenNewStudy,
    OpenShifts,
    OpenStudy,
)
from bertcl_tui.store.filters import Filter, History, study_fields
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import LogLine, StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import OLDEST_FIRST, RunCurves, TrialRow, score_name
from bertcl_tui.studies.table import StudiesTable, fitting_studies
from bertcl_tui.style.standing import standing_of
from bertcl_tui.style.wording import (
    at_the_beginning,
    count,
    duration,
    headway,
    pace_of,
    steps_rate,
    tokens_rate,
)
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, with_keys
from bertcl_tui.workers.loads import Loads
from bertcl_tui.workers.log_table import LogPanel
from bertcl_tui.workers.panel import WorkersPanel

if TYPE_CHECKING:
    from engine.spec.protocol import Score

_LINES_SAID: Final = 50
_LEAST_BORDER: Final = 8
"""Columns of a border that no subtitle is written on."""
_READING_SECONDS: Final = 15.0
_NEED_A_STUDY: Final = frozenset(
    {
        "open",
        "new_like",
        "pause_or_resume",
        "stop_study",
        "delete_study",
        "filter",
        "copy_lines",
        "why",
    }
)
_WELCOME: Final = """\
No study yet.

A study searches the learning rates with which a model
learns a second task and still knows the first.

Press [b]$new_study[/b] to set one up, [b]$show_help[/b] for every key, [b]$quit[/b] to leave.
"""


@dataclass
class StudiesRead(Folding):
    """What the store said."""

    studies: tuple[StudyRow, ...]
    workers: tuple[WorkerRow, ...]
    said: tuple[LogLine, ...]
    score: "Score"
    """What p is made of in the study under the cursor."""
    watched: tuple[TrialRow, RunCurves] | None
    """The running trial of the study under the cursor, else its best one."""


class StudiesScreen(LiveScreen):
    """Shows the studies; the cursor's one is watched below."""

    PLACE: ClassVar[Place] = "studies"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("studies")]
    AUTO_FOCUS = "StudiesTable"

    TABLE: ClassVar[str] = "studies"
    """What the table's columns and filters are remembered under."""

    def __init__(
        self,
        reader: Reader,
        columns: Sequence[str] = (),
        history: History | None = None,
        *,
        loads: Loads | None = None,
    ) -> None:
        super().__init__()
        self._reader = reader
        self._loads = loads or Loads()
        self._columns, self._history = columns, history
        self._table = StudiesTable(classes="panel")
        self._list = Listing(self._table, self.TABLE, OLDEST_FIRST, self._show_table)
        self._studies: tuple[StudyRow, ...] | None = None
        self._where: Filter = ()
        self._watched_id: int | None = None
        self._workers: tuple[WorkerRow, ...] = ()

    def compose(self) -> ComposeResult:
        yield TopBar("Studies")
        with Container(id="body"):
            self._table.choose(self._columns)
            yield self._table
            yield FilterBar(study_fields(), self._history)
            with Horizontal(id="below"):
                yield Chart(id="watched", classes="panel")
                with Vertical(id="side"):
                    yield WorkersPanel(self._loads, classes="panel")
                    yield LogPanel(classes="panel")
        yield Static(with_keys(self.app, _WELCOME), id="welcome")
        yield KeyBar()

    # reading

    def read(self) -> StudiesRead:
        studies = self._reader.studies()
        ids = [study.id for study in studies]
        watched_id = self._watched_id if self._watched_id in ids else next(iter(ids), None)
        return StudiesRead(
            studies=studies,
            workers=self._reader.workers(),
            said=self._reader.log.last(limit=_LINES_SAID),
            score=next((study.score for study in studies if study.id == watched_id), "accuracy"),
            watched=None if watched_id is None else self._watch(watched_id),
        )

    def _watch(self, study_id: int) -> tuple[TrialRow, RunCurves] | None:
        trials = self._reader.trials(study_id, limit=1).rows
        curves = self._reader.curves([trial.run_id for trial in trials])
        # the study may have been deleted between the two readings
        return next(zip(trials, curves, strict=False), None)

    @on(StudiesRead)
    def _show(self, message: StudiesRead) -> None:
        self._studies, self._workers = message.studies, message.workers
        self.refresh_bindings()
        self.set_class(not message.studies, "-empty")
        if not message.studies:
            self.query_one("#welcome", Static).update(with_keys(self.app, _WELCOME))
        self._show_table()
        waiting = sum(study.waits for study in message.studies)
        self.query_one(WorkersPanel).show(message.workers, waiting=waiting)
        self.query_one(LogPanel).show(message.said)
        self._show_watched(message.score, message.watched)
        working = sum(study.state == "running" for study in message.studies)
        self.query_one(TopBar).show(
            ["Studies"],
            [
                count(len(message.studies), "study", "studies"),
                f"{working} running",
                count(len(message.workers), "worker"),
                *pace_of(message.workers),
                self._reader.store,
            ],
        )

    def _show_table(self) -> None:
        known = self._studies or ()
        studies = fitting_studies(known, self._where, self._list.order)
        self._table.show(studies)
        self._list.show_order()
        self._entitle()
        self.query_one(FilterBar).ask_for(study_fields([study.model for study in known]))
        if self.focused is None and studies:
            self._table.focus()

    def _entitle(self) -> None:
        table, study = self._table, self._current()
        why = standing_of(study, self._workers) if study is not None else ""
        room = max(0, table.size.width - _LEAST_BORDER)
        shown = why if len(why) <= room else f"{why[: room - 7]}… w all"
        entitle(table, " ─ ".join(self._title(len(table.items))), shown)

    def _title(self, shown: int) -> Iterator[str]:
        yield "Studies"
        yield f"{shown} of {len(self._studies or ())}" if self._where else str(shown)
        column, order = self._list.column, self._list.order
        if column is not None and order != OLDEST_FIRST:
            yield f"by {column.label} {'▼' if order.descending else '▲'}"
        if self._where:
            yield f"filter: {self.query_one(FilterBar).in_force}"

    def _show_watched(self, score: "Score", watched: tuple[TrialRow, RunCurves] | None) -> None:
        from bertcl_tui.charts.forgetting import NO_TRIAL, Learning, Nothing

        chart, what = self.query_one("#watched", Chart), at_the_beginning(score_name(score))
        if watched is None:
            entitle(chart, what)
            chart.show(Nothing(NO_TRIAL))
            return
        trial, curves = watched
        role = trial.state if trial.state != "complete" else "best"
        steps = f" ─ step {trial.step} of {trial.steps}" if trial.state == "running" else ""
        entitle(chart, f"{what} ─ {role} #{trial.number}{steps}", " · ".join(_pace(trial)))
        chart.show(Learning(curves))

    @on(StudiesTable.Moved)
    def _moved(self) -> None:
        self._entitle()
        current = self._current()
        if current is not None and current.id != self._watched_id:
            self._watched_id = current.id
            self.follow()

    # order and filter

    def on_mount(self) -> None:
        columns = {column.key for column in self._table.offered}
        self._list.warn_of_unknown(self._columns, columns.__contains__)

    @on(StudiesTable.HeaderPressed)
    def _header_pressed(self, message: StudiesTable.HeaderPressed) -> None:
        self._list.sort_by(message.column)

    def action_sort(self) -> None:
        self._list.sort_by_next()

    def action_reverse(self) -> None:
        self._list.reverse()

    def action_choose_sort(self) -> None:
        self._list.choose_order()

    def action_choose_columns(self) -> None:
        self._list.choose_columns()

    def action_copy_lines(self) -> None:
        """Copy the study under the cursor as it is shown."""
        study = self._current()
        if study is not None:
            self.app.copy_to_clipboard(self._table.as_text([study]))
            self.notify(f"{study.name} copied", markup=False)

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        self._where = message.where
        self._show_table()

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self._table.focus()

    # actions

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide what needs a study while there is none."""
        return bool(self._studies) or action not in _NEED_A_STUDY

    def action_new_study(self) -> None:
        self.post_message(OpenNewStudy())

    def action_new_like(self) -> None:
        study = self._current()
        if study is not None:
            self.post_message(OpenNewStudy(like=study.id))

    def action_combine(self) -> None:
        study = self._current()
        self.post_message(OpenCombine(study.id if study else None))

    def action_open_arena(self) -> None:
        self.post_message(OpenArena())

    def action_open_shifts(self) -> None:
        study = self._current()
        self.post_message(OpenShifts(study.id if study else None))

    @on(StudiesTable.Opened)
    def _opened(self) -> None:
        study = self._current()
        if study is not None:
            self.post_message(OpenStudy(study.id))

    def action_pause_or_resume(self) -> None:
        study = self._current()
        if study is None:
            return
        if study.state == "complete":
            self.notify(f"{study.name} is complete: {headway(study)}")
            return
        abandoned = study.waits and all(worker.state == "lost" for worker in self._workers)
        going = study.desired == "running" and not abandoned
        self.post_message(ControlStudies([study.id], "paused" if going else "running"))

    def action_why(self) -> None:
        study = self._current()
        if study is not None:
            why = standing_of(study, self._workers) or f"{study.state}: {headway(study)}"
            self.notify(why, title=study.name, timeout=_READING_SECONDS, markup=False)

    def action_stop_study(self) -> None:
        from bertcl_tui.kit.dialogs import confirm_stop

        study = self._current()
        if study is not None:
            confirm_stop(self, study)

    def action_delete_study(self) -> None:
        from bertcl_tui.kit.dialogs import ConfirmScreen

        study = self._current()
        if study is None:
            return
        question = ConfirmScreen(
            f"Delete {study.name}?",
            f"{count(sum(study.counts.values()), 'trial')} and all their measurements go with it.",
            "Delete",
        )

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - the dialog gives it by place
            if yes:
                self.post_message(DeleteStudy(study.id))

        self.app.push_screen(question, answered)

    def _current(self) -> StudyRow | None:
        return self._table.current


def _pace(trial: TrialRow) -> list[str]:
    """Say how fast a running trial learns, and when it is through."""
    if trial.state != "running" or not trial.rate or not trial.steps:
        return []
    left = f"{duration((trial.steps - trial.step) / trial.rate)} left"
    return [pace for pace in (left, steps_rate(trial.rate), tokens_rate(trial.tokens_rate)) if pace]
