"""One run, a trial of a study or one of the arena: how it learnt, forgot, moved and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.forgetting import read_by
from bertcl_tui.charts.groups import Groups, count_meant
from bertcl_tui.kit.dialogs import ConfirmScreen
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import (
    ControlRuns,
    OpenRun,
    RetryRuns,
    StartWorkers,
    WriteNote,
)
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import LogFilter
from bertcl_tui.store.trial_rows import RunFacts, score_name
from bertcl_tui.style.wording import at_the_beginning, count
from bertcl_tui.trial.classes_panel import ClassesPanel
from bertcl_tui.trial.look import (
    RunLook,
    can_be_controlled,
    layers_of_run,
    learning_of,
    look_at_run,
    note_on_drift,
    note_on_steps,
    notes_on,
    steps_of,
    why_nothing,
)
from bertcl_tui.trial.text import (
    TextPanel,
    accuracies_text,
    facts_in_short,
    parameters_text,
    path_to,
)
from bertcl_tui.widgets.chart import Chart, CurveChart
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, key_for
from bertcl_tui.workers.log_table import LogTable
from bertcl_tui.workers.log_view import LogLook, LogView, look_at_log
from engine.store.states import ENDED

PANELS: Final = ("learning", "layers", "steps", "matrix", "classes", "log", "parameters")
"""In the order of their keys."""


@dataclass
class RunRead(Folding):
    """What the store said; no look: the run is gone."""

    run_id: int
    look: RunLook | None
    log: LogLook


class TrialScreen(LiveScreen):
    """Shows a run from its first step on.

    Args:
        run_id: which one is shown first.
        among: the list it was opened from, by run id; one may go through it.
        reader: of the store.
    """

    PLACE: ClassVar[Place] = "trial"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("trial")]
    AUTO_FOCUS = ""
    ALLOW_IN_MAXIMIZED_VIEW = "TopBar, KeyBar"
    ESCAPE_TO_MINIMIZE = False  # escape first ends what goes on in the panel

    def __init__(self, run_id: int, among: Sequence[int], reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._run_id = run_id
        self._among = tuple(among) if run_id in among else (run_id,)
        self._look: RunLook | None = None
        self._groups = Groups()
        self._log = LogView(
            title="6 Log", where=LogFilter(run_id=run_id), id="log", classes="panel"
        )

    def compose(self) -> ComposeResult:
        yield TopBar("Studies")
        with Container(id="panels"):
            yield CurveChart(id="learning", classes="panel")
            yield Chart(id="layers", classes="panel")
            yield ClassesPanel(id="classes", classes="panel")  # the cell below the curves
            yield CurveChart(id="steps", classes="panel")
            yield TextPanel(id="matrix", classes="panel")
            yield self._log
            yield TextPanel(id="parameters", classes="panel")
        yield KeyBar()

    def on_mount(self) -> None:
        self._front(PANELS[0])

    @property
    def study_id(self) -> int | None:
        """Of the study that the run is a trial of; None: of none, or not known yet."""
        return None if self._look is None else self._look.run.study_id

    # reading

    def read(self) -> RunRead:
        run_id, before = self._run_id, self._look
        look = look_at_run(self._reader, run_id, before)
        return RunRead(run_id, look, look_at_log(self._reader, self._log.question))

    @on(RunRead)
    def _show(self, message: RunRead) -> None:
        if message.run_id != self._run_id:
            return
        first = self._look is None
        self._look = look = message.look
        if look is None:
            self.lose("the run was deleted")
            return
        if first and look.run.state == "failed" and not self._shows_all:
            self._front("parameters")
        self._show_top(look.run)
        self._show_panels(look)
        self._log.show(message.log)
        self.refresh_bindings()

    def _show_top(self, run: RunFacts) -> None:
        place = self._among.index(self._run_id) + 1
        here = [f"{place} of {len(self._among)}"] if len(self._among) > 1 else []
        self.query_one(TopBar).show(path_to(run), [*facts_in_short(run), *here])

    def _show_panels(self, look: RunLook) -> None:
        learning, layers, steps = (self.query_one(f"#{name}", Chart) for name in PANELS[:3])
        learning.show(learning_of(look, self._groups))
        layers.show(layers_of_run(look))
        steps.show(steps_of(look))
        self.set_class(not look.traces and look.run.state in ENDED, "-untraced")
        self.set_class(bool(look.confusions), "-counted")
        self._entitle(learning, self._of_learning(look), notes_on(look.run))
        self._entitle(layers, "2 Learning rate and drift of each layer", note_on_drift(look))
        self._entitle(steps, "3 Loss, rate and update of each step", note_on_steps(look))
        matrix, parameters = (
            self.query_one(f"#{name}", TextPanel) for name in ("matrix", "parameters")
        )
        classes = self.query_one(ClassesPanel)
        classes.show_run(look)
        matrix.show(accuracies_text(look))
        parameters.show(parameters_text(look.run, partial(key_for, self.app)))
        self._entitle(matrix, f"4 {self._score(look)} after each stage", "")
        self._entitle(classes, "5 What each class is taken for", "")
        self._entitle(parameters, "7 Parameters", "")

    def _score(self, look: RunLook) -> str:
        return at_the_beginning(score_name(look.run.spec.protocol.score))

    def _of_learning(self, look: RunLook) -> str:
        most, curves = look.run.spec.protocol.retention_rows, look.curves
        runs = [] if curves is None else [curves]
        grouped = bool(self._groups.by)
        rows = read_by(runs, look.run.followed or most, grouped=grouped)
        meant = count_meant([*runs, *look.other_seeds])
        seeds = f", {self._groups.band} of {count(meant, 'seed')}," if grouped else ""
        return f"1 {self._score(look)}{seeds} {rows}".rstrip(", ")

    def _entitle(self, panel: Widget, title: str, subtitle: str) -> None:
        closes = f"{key_for(self.app, 'back')} shows all"
        entitle(panel, title, closes if panel is self.maximized else subtitle)

    @on(LogView.Asked)
    def _log_requested(self) -> None:
        self.follow()

    @on(OpenRun)
    def _line_opened(self, message: OpenRun) -> None:
        """Every line of the log is about this very run."""
        if message.run_id == self._run_id:
            message.stop()

    # the list it was opened from

    def action_next_run(self) -> None:
        self._turn(1)

    def action_previous_run(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        place = self._among.index(self._run_id) + by
        if not 0 <= place < len(self._among):
            self.notify(
                "that was the last of the list" if by > 0 else "this is the first", timeout=2
            )
            return
        self._run_id, self._look = self._among[place], None
        self._log.limit("", LogFilter(run_id=self._run_id))
        self.follow()

    # control

    def action_pause_or_resume(self) -> None:
        """Pause it, or let it go on; where it only waits for a worker, see that there is one."""
        look = self._look
        if look is None:
            return
        if look.abandoned:
            self.post_message(StartWorkers())
            self.notify("workers start where some are missing", timeout=3)
        else:
            going = look.run.desired == "running"
            self.post_message(ControlRuns([self._run_id], "paused" if going else "running"))

    def action_stop_run(self) -> None:
        look = self._look
        if look is None:
            return
        question = ConfirmScreen(
            f"Stop {look.run.name}?",
            "What was measured is kept; it can be run again, from its first step.",
            "Stop",
        )

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - the dialog gives it by place
            if yes:
                self.post_message(ControlRuns([look.run.run_id], "stopped"))

        self.app.push_screen(question, answered)

    def action_write_note(self) -> None:
        run = None if self._look is None else self._look.run
        if run is None:
            return
        if run.study_id is None or run.number is None:
            self.notify("notes are for trials of a study", markup=False)
        else:
            self.post_message(WriteNote(run.study_id, run.number, run.note or ""))

    def action_retry(self) -> None:
        self.post_message(RetryRuns([self._run_id]))

    def action_back(self) -> None:
        if self.maximized is not None:
            self.minimize()
            self.follow()
        else:
            self.dismiss()

    # panels

    def action_group_curves(self) -> None:
        """Draw the curves of all its seeds as one, or its own alone."""
        if self._look is not None and not self._look.other_seeds:
            self.notify("it was run with one seed alone", markup=False)
        else:
            self._regroup(self._groups.next(("", "profile")))

    def action_turn_spread(self) -> None:
        self._regroup(self._groups.turned())

    def _regroup(self, groups: Groups) -> None:
        self._groups = groups
        if self._look is not None:
            self._show_panels(self._look)
        self.refresh_bindings()

    def action_show_part(self, number: int) -> None:
        """Show a panel; where all are shown it becomes large, or as small as it was."""
        name = PANELS[number - 1]
        panel = self.query_one(f"#{name}")
        if self.maximized is panel:
            self.minimize()
        elif self._shows_all or self.maximized is not None:
            if self._is_empty(name) and self._look is not None:
                self.notify(why_nothing(self._look.run, "measured"), timeout=3)
                return
            self.maximize(panel, container=False)
        self._front(name)
        self.follow()

    def action_next_part(self) -> None:
        shown = next(i for i, panel in enumerate(PANELS) if self.has_class(f"-{panel}"))
        after = (*PANELS[shown + 1 :], *PANELS[:shown])
        self._front(next(panel for panel in after if not self._is_empty(panel)))

    def _is_empty(self, panel: str) -> bool:
        """Whether a panel takes no room, as nothing was measured of what it shows."""
        untold = {"steps": self.has_class("-untraced"), "classes": not self.has_class("-counted")}
        return untold.get(panel, False)

    @property
    def _shows_all(self) -> bool:
        return self.has_class("-wide") and self.has_class("-high")

    def _front(self, name: str) -> None:
        """Show this panel where there is room for one only, and let it have the keys."""
        for other in PANELS:
            self.set_class(other == name, f"-{other}")
        keyed = self.query_one(LogTable) if name == "log" else self.query_one(f"#{name}")
        self.set_focus(keyed if keyed.can_focus else None)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide what means nothing to the run as it is."""
        if action == "next_part":
            return not self._shows_all
        if action == "turn_spread":
            return bool(self._groups.by)
        if action in {"next_run", "previous_run"}:
            return len(self._among) > 1
        return can_be_controlled(action, None if self._look is None else self._look.run)

    def on_resize(self, _: events.Resize) -> None:
        self.refresh_bindings()
