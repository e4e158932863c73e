"""One study: its trials, how they forget, and with which learning rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.arena.again_form import again_form, read_again
from bertcl_tui.arena.confirming import Again, confirm_trials
from bertcl_tui.kit.confirm import confirm_stop
from bertcl_tui.kit.form import Texts
from bertcl_tui.kit.messages import (
    ControlStudies,
    Folding,
    OpenArena,
    OpenCombine,
    RetryRuns,
    StartWorkers,
    Trouble,
)
from bertcl_tui.store.rows import StudyRow
from bertcl_tui.study.look import Look, look_at_study
from bertcl_tui.study.panels.grid import PANELS, PanelsScreen
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.style.states import state_word
from bertcl_tui.style.wording import count, duration, headway, steps_rate, tokens_rate
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.key_bar import KeyBar
from bertcl_tui.widgets.top_bar import TopBar
from engine.errors import EngineError
from engine.store.retry import RETRIED
from engine.store.states import Desired

__all__ = ["PANELS", "StudyScreen"]


@dataclass
class StudyRead(Folding):
    """What the store said; None: the study is gone."""

    look: Look | None


class StudyScreen(PanelsScreen):
    """Shows the trials of a study; its charts follow the cursor and the marks."""

    PLACE: ClassVar[Place] = "study"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("study")]
    AUTO_FOCUS = "TrialsTable"

    def compose(self) -> ComposeResult:
        yield TopBar("Studies")
        with Container(id="panels"):
            yield from self.trials_panel()
            yield from self.make_charts()
        yield KeyBar()

    # reading

    def read(self) -> StudyRead:
        return StudyRead(look_at_study(self._reader, self._question, self._look))

    @on(StudyRead)
    def _show(self, message: StudyRead) -> None:
        if message.look is None:
            self.post_message(Trouble("the study was deleted"))
            self.dismiss()
            return
        self._look = message.look
        self.show_trials(message.look)
        self._show_top(message.look.study)
        self.show_charts(message.look)
        self.refresh_bindings()

    def _show_top(self, study: StudyRow) -> None:
        counts = study.counts
        self.query_one(TopBar).show(
            ["Studies", study.name],
            list(
                filter(
                    None,
                    (
                        state_word(study.state, study.desired),
                        headway(study),
                        f"ETA {duration(study.eta)}" if study.eta else "",
                        steps_rate(study.rate),
                        tokens_rate(study.tokens_rate),
                        *(f"{counts[s]} {s}" for s in ("pruned", "collapsed") if s in counts),
                        study.model,
                        f"{study.preset} preset",
                        study.reason,
                    ),
                )
            ),
        )

    # actions

    def action_combine(self) -> None:
        self.post_message(OpenCombine(self._question.study_id))

    def action_open_arena(self) -> None:
        self.post_message(OpenArena())

    def action_confirm_trials(self) -> None:
        """Ask how often, then have trials run again with fresh seeds."""
        look, marked = self._look, self._question.marked
        if look is None:
            return
        if not look.scored:
            self.notify(f"{look.study.name} has no complete trial yet", markup=False)
            return

        def answered(texts: Texts | None) -> None:
            if texts is not None:
                top, seeds = read_again(texts)
                study_id = look.study.id
                self.notify("Checking data, model and device…", markup=False)
                self._confirm(Again(study_id=study_id, numbers=marked, top=top, seeds=seeds))

        complete = [trial.number for trial in look.scored]
        self.app.push_screen(again_form(complete, marked), answered)

    @work(thread=True, group="confirm")
    def _confirm(self, again: Again) -> None:
        try:
            runs = confirm_trials(self._reader.store, again)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
            return
        said = f"{count(runs, 'run')} asked for; what they score stands beside p"
        self.app.call_from_thread(self.app.notify, said, markup=False)
        self.app.post_message(StartWorkers())

    def action_retry(self) -> None:
        """Run the marked trials once more, else the one under the cursor."""
        cursor = self.query_one(TrialsTable).current
        here = () if cursor is None else (cursor.number,)
        self._retry(sorted(self._question.marked) or here)

    @work(thread=True, group="retry")
    def _retry(self, numbers: Sequence[int]) -> None:
        try:
            trials = self._reader.chosen_trials(self._question.study_id, numbers)
        except EngineError as error:
            self.post_message(Trouble(str(error)))
            return
        again = [trial.run_id for trial in trials if trial.state in RETRIED]
        if again:
            self.app.post_message(RetryRuns(again))
        else:
            said = ", ".join(f"#{trial.number} is {trial.state}" for trial in trials[:3])
            self.app.call_from_thread(
                self.app.notify, f"nothing to run again: {said or 'no trial'}", markup=False
            )

    def action_pause_study(self) -> None:
        self._control("paused")

    def action_resume_study(self) -> None:
        self._control("running")

    def action_stop_study(self) -> None:
        if self._look is not None:
            confirm_stop(self, self._look.study)

    def _control(self, desired: Desired) -> None:
        if self._look is None:
            return
        study = self._look.study
        if study.state == "complete":
            self.notify(f"{study.name} is complete", markup=False)
        elif study.desired == desired and not study.waits:
            self.notify(f"{study.name} is {study.state} already", markup=False)
        else:
            self.post_message(ControlStudies([study.id], desired))

    def action_back(self) -> None:
        table = self.query_one(TrialsTable)
        if self.maximized is not None:
            self.show_all()
        elif isinstance(self.focused, Chart):
            table.focus()
        elif table.ranging:
            table.end_range()
        elif not self.query_one(FilterBar).clear():
            self.dismiss()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        study = None if self._look is None else self._look.study
        going = study is None or study.desired == "running"
        match action:
            case "next_panel":
                return not self.shows_all or self.maximized is not None
            case "pause_study":
                return going
            case "resume_study":
                return not going or (study is not None and study.waits)
            case _:
                return True
