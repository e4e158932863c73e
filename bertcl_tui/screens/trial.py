"""One trial: how it learnt and forgot, with which rates, and what was said of it."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.drawings.forgetting import Learning, Nothing
from bertcl_tui.drawings.of_study import rates_of
from bertcl_tui.messages import Folding
from bertcl_tui.read import Reader
from bertcl_tui.rows import LogLine, TrialRow
from bertcl_tui.screens.live import LiveScreen
from bertcl_tui.states import state_word
from bertcl_tui.study_look import Look, Question, look_at_study
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.key_bar import KeyBar
from bertcl_tui.widgets.log_panel import LogPanel
from bertcl_tui.widgets.titles import entitle
from bertcl_tui.widgets.top_bar import TopBar
from bertcl_tui.wording import duration, score, steps_rate, tokens_rate, told_again

_LINES_SAID = 50


@dataclass
class TrialRead(Folding):
    """What the store said; None: the study is gone."""

    look: Look | None
    said: tuple[LogLine, ...]


class TrialScreen(LiveScreen):
    """Shows a trial from its first step on."""

    PLACE: ClassVar[Place] = "trial"
    CSS_PATH = "trial.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("trial")]

    def __init__(self, study_id: int, number: int, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._question = Question(study_id=study_id, cursor=number)
        self._look: Look | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("Studies")
        yield Chart(id="learning", classes="panel")
        with Horizontal(id="below"):
            yield Chart(id="rates", classes="panel")
            yield LogPanel(classes="panel")
        yield KeyBar()

    def read(self) -> TrialRead:
        look = look_at_study(self._reader, self._question, self._look)
        trial = None if look is None else look.cursor
        said = () if trial is None else self._reader.log(limit=_LINES_SAID, run_id=trial.run_id)
        return TrialRead(look, said)

    @on(TrialRead)
    def _show(self, message: TrialRead) -> None:
        self._look = look = message.look
        if look is None or look.cursor is None:
            self.dismiss()
            return
        trial = look.cursor
        self.query_one(TopBar).show(
            ["Studies", look.study.name, f"#{trial.number}"],
            [fact for fact in _facts(trial) if fact],
        )
        learning = self.query_one("#learning", Chart)
        title = "Accuracy on the tasks as they are learnt"
        entitle(learning, title, " · ".join(_notes(trial)))
        run = look.curves.get(trial.run_id)
        learning.show(Nothing("Nothing measured.") if run is None else Learning(run))
        rates = self.query_one("#rates", Chart)
        entitle(rates, "Learning rates")
        rates.show(rates_of(look))
        self.query_one(LogPanel).show(message.said)

    def action_back(self) -> None:
        self.dismiss()


def _facts(trial: TrialRow) -> list[str]:
    if trial.p is not None:
        scores = f"p {score(trial.p)} = {score(trial.p_o)} + {score(trial.p_s)}"
    else:
        scores = ""
    again = told_again(trial.confirmation) if trial.confirmation else ""
    steps = f"step {trial.step} of {trial.steps}" if trial.steps else ""
    busy = duration(trial.busy_seconds) if trial.busy_seconds else ""
    state = state_word(trial.state, trial.desired)
    pace = [steps_rate(trial.rate), tokens_rate(trial.tokens_rate)]
    return [state, scores, again, steps, *pace, busy]


def _notes(trial: TrialRow) -> list[str]:
    """Return what the trial is called, why it ended, and what each fresh seed gave."""
    notes = [trial.label or "", trial.reason or ""]
    if trial.confirmation is not None:
        seeds = [f"seed {seed} p {score(p)}" for seed, p in trial.confirmation.scores]
        notes.append(", ".join(seeds))
    return [note for note in notes if note]
