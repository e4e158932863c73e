"""Home: every study, how it does, and who works on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.listing import Listing, Remembered
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import (
    OpenArena,
    OpenCombine,
    OpenNewStudy,
    OpenShifts,
    OpenStudy,
    RenameStudy,
    UndoDelete,
    WriteNote,
)
from bertcl_tui.kit.studies import archive, called, delete, pause_or_resume, stop
from bertcl_tui.store.filters import Filter, study_fields
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import LogLine, StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import OLDEST_FIRST, RunCurves, TrialRow, score_name
from bertcl_tui.studies.table import StudiesTable, fitting_studies
from bertcl_tui.style.standing import standing_of
from bertcl_tui.style.wording import (
    at_the_beginning,
    count,
    headway,
    pace_of,
    pace_of_trial,
)
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, key_for, with_keys
from bertcl_tui.workers.loads import Loads
from bertcl_tui.workers.log_table import LogPanel
from bertcl_tui.workers.panel import WorkersPanel
from engine.store.states import ENDED

if TYPE_CHECKING:
    from engine.spec.protocol import Score

_LINES_SAID: Final = 50
_LEAST_BORDER: Final = 8
"""Columns of a border that no subtitle is written on."""
_READING_SECONDS: Final = 15.0
_NEED_A_STUDY: Final = frozenset(
    {
        *("open", "pause_or_resume", "stop_study", "delete_study", "rename_study", "why"),
        *("filter", "recall_filter", "copy_lines", "export_trials", "write_note"),
        *("archive_studies", "fold_archived", "new_like"),
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
    deleted: bool
    """Whether there are studies that were deleted just now."""
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
        left: Remembered | None = None,
        *,
        loads: Loads | None = None,
    ) -> None:
        super().__init__()
        self._left = left or Remembered()
        self._reader = reader
        self._loads = loads or Loads()
        self._table = StudiesTable(classes="panel")
        self._list = Listing(
            self._table, self.TABLE, OLDEST_FIRST, self._left.order, self._show_table
        )
        self._studies: tuple[StudyRow, ...] | None = None
        self._where: Filter = ()
        self._unfolded = False
        """Whether archived studies are listed too."""
        self._watched_id: int | None = None
        self._workers: tuple[WorkerRow, ...] = ()
        self._deleted = False
        """Whether something can be had back."""

    def compose(self) -> ComposeResult:
        yield TopBar("Studies")
        with Container(id="body"):
            self._table.choose(self._left.columns)
            yield self._table
            yield FilterBar(study_fields(), self._left.history)
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
        first = next(iter(studies), None)
        watched = studies[ids.index(self._watched_id)] if self._watched_id in ids else first
        return StudiesRead(
            studies=studies,
            workers=self._reader.workers(),
            said=self._reader.log.last(limit=_LINES_SAID),
            score="accuracy" if watched is None else watched.score,
            deleted=self._reader.has_deleted(),
            watched=None if watched is None else self._watch(watched),
        )

    def _watch(self, study: StudyRow) -> tuple[TrialRow, RunCurves] | None:
        """Read the first trial that is not ended, else the one that the row calls the best."""
        if study.best is not None and set(study.counts) <= set(ENDED):
            trials = self._reader.chosen_trials(study.id, [study.best.number])
        else:
            trials = self._reader.trials(study.id, limit=1).rows
        curves = self._reader.curves([trial.run_id for trial in trials])
        # the study may have been deleted between the two readings
        return next(zip(trials, curves, strict=False), None)

    @on(StudiesRead)
    def _show(self, message: StudiesRead) -> None:
        self._studies, self._workers = message.studies, message.workers
        self._deleted = message.deleted
        self.refresh_bindings()
        self.set_class(not message.studies, "-empty")
        self.query_one("#body").disabled = not message.studies  # what is hidden takes no focus
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
        self._table.marked &= {study.id for study in known}
        listed = [study for study in known if not self._folds(study)]
        studies = fitting_studies(listed, self._where, self._list.order)
        self._table.show(studies)
        self._list.show_order()
        self._entitle()
        self.query_one(FilterBar).ask_for(study_fields([study.model for study in known]))
        if self.focused is None and studies:
            self._table.focus()

    def _entitle(self) -> None:
        table, study = self._table, self._current()
        why = self._standing(study) if study is not None else ""
        room = max(0, table.size.width - _LEAST_BORDER)
        more = f"… {key_for(self.app, 'why')} all"
        shown = why if len(why) <= room else f"{why[: room - len(more)]}{more}"
        entitle(table, " ─ ".join(self._title(len(table.items))), shown)

    def _title(self, shown: int) -> Iterator[str]:
        yield "Studies"
        if self._studies is None:
            return
        known = self._studies
        folded = sum(map(self._folds, known))
        if folded:
            yield f"{shown} + {folded} archived ({key_for(self.app, 'fold_archived')})"
        else:
            yield f"{shown} of {len(known)}" if self._where else str(shown)
        if self._table.marked:
            yield f"{len(self._table.marked)} marked"
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
        entitle(chart, f"{what} ─ {role} #{trial.number}{steps}", " · ".join(pace_of_trial(trial)))
        chart.show(Learning(curves))

    def _folds(self, study: StudyRow) -> bool:
        """Whether a study is only counted; a filter finds it."""
        return study.archived and not (self._unfolded or self._where)

    def action_fold_archived(self) -> None:
        self._unfolded = not self._unfolded
        self._show_table()

    @on(StudiesTable.Marked)
    def _marked(self) -> None:
        self.refresh_bindings()
        self._entitle()

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
        self._list.warn_of_unknown(self._left.columns, columns.__contains__)

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
        """Copy the study under the cursor, or the marked ones, as they are shown."""
        studies = self._chosen()
        if studies:
            self.app.copy_to_clipboard(self._table.as_text(studies))
            self.notify(f"{called(studies)} copied", markup=False)

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    def action_recall_filter(self) -> None:
        self.query_one(FilterBar).action_recall_filter()

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        self._where = message.where
        self.refresh_bindings()
        self._show_table()

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self._table.focus()

    def action_back(self) -> None:
        """End what narrows the list or is begun in it; this is home, one goes no further."""
        if self._table.ranging:
            self._table.end_range()
        else:
            self.query_one(FilterBar).clear()

    # actions

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide what needs a study while there is none, and what has nothing to undo or to end."""
        if action == "undo_delete":
            return self._deleted
        if action == "back":
            return self._table.ranging or bool(self.query(f"FilterBar.{FilterBar.OPEN}"))
        return bool(self._studies) or action not in _NEED_A_STUDY

    def action_new_study(self) -> None:
        self.post_message(OpenNewStudy())

    def action_new_like(self) -> None:
        study = self._current()
        if study is not None:
            self.post_message(OpenNewStudy(like=study.id))

    def action_combine(self) -> None:
        ids = [study.id for study in self._chosen()]
        self.post_message(OpenCombine(ids[0], ids[1:]) if ids else OpenCombine())

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
        pause_or_resume(self, self._chosen(), self._workers)

    def action_why(self) -> None:
        study = self._current()
        if study is not None:
            why = self._standing(study) or f"{study.state}: {headway(study)}"
            self.notify(why, title=study.name, timeout=_READING_SECONDS, markup=False)

    def _standing(self, study: StudyRow) -> str:
        return standing_of(study, self._workers, partial(key_for, self.app))

    def action_stop_study(self) -> None:
        stop(self, self._chosen())

    def action_delete_study(self) -> None:
        delete(self, self._chosen())

    def action_undo_delete(self) -> None:
        self.post_message(UndoDelete())

    def action_archive_studies(self) -> None:
        archive(self, self._chosen())

    def action_rename_study(self) -> None:
        study = self._current()
        if study is not None:
            self.post_message(RenameStudy(study.id, study.name))

    def action_write_note(self) -> None:
        study = self._current()
        if study is not None:
            self.post_message(WriteNote(study.id, None, study.note or "", study.name))

    def action_export_trials(self) -> None:
        from bertcl_tui.studies.writing import export

        export(self, self._reader, self._chosen())

    def _chosen(self) -> list[StudyRow]:
        """Return the marked studies, as they stand in the list, or else the cursor's."""
        marked = self._table.marked
        listed = [study for study in self._table.items if study.id in marked]
        hidden = [s for s in self._studies or () if s.id in marked and s not in listed]
        current = self._current()
        return [*listed, *hidden] or ([] if current is None else [current])

    def _current(self) -> StudyRow | None:
        return self._table.current
