"""The charts of a study, which follow the table's cursor and marks."""

from collections.abc import Iterator
from typing import Final

from textual import events, on, work
from textual.widget import Widget

from bertcl_tui.charts.forgetting import earlier_tasks, measured_on
from bertcl_tui.kit.messages import OpenCompare, Trouble
from bertcl_tui.store.rows import TrialRow
from bertcl_tui.study.choosing import MOST_COMPARED, trials_to_compare
from bertcl_tui.study.importance import importance_text
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels.forgetting import forgetting_of, importance_of, plane_of, rates_of
from bertcl_tui.study.plane_chart import PlaneChart
from bertcl_tui.study.trials import TrialsScreen
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.style.wording import score
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.curve_chart import CurveChart
from bertcl_tui.widgets.titles import entitle
from engine.errors import EngineError
from engine.spec.run import parse_sequence
from engine.work.importance import Weighing

PANELS: Final = ("forgetting", "rates", "plane", "importance")


class PanelsScreen(TrialsScreen):
    """Shows all charts where there is room, else one; any can be made large."""

    ALLOW_IN_MAXIMIZED_VIEW = "TopBar, KeyBar"
    ESCAPE_TO_MINIMIZE = False  # escape first ends what goes on in the chart

    _weighing: Weighing | None = None
    _asked_to_weigh: tuple[str, int] | None = None
    """Evaluator, and how many complete trials there were when it was last asked."""

    def make_charts(self) -> Iterator[Widget]:
        """Yield a chart for each panel."""
        yield CurveChart(id="forgetting", classes="panel")
        yield Chart(id="rates", classes="panel")
        yield PlaneChart(id="plane", classes="panel")
        yield Chart(id="importance", classes="panel")

    def on_mount(self) -> None:
        self._front(PANELS[0])

    def on_unmount(self) -> None:
        if self._weighing is not None:
            self._weighing.end()

    def on_resize(self, _: events.Resize) -> None:
        self.refresh_bindings()

    def show_charts(self, look: Look) -> None:
        """Draw what was looked at."""
        tasks = parse_sequence(look.study.sequence)
        trial = f"#{look.cursor.number}" if look.cursor is not None else "no trial"
        told = look.importance
        titles = (
            f"Forgetting ─ {earlier_tasks(tasks)} while {tasks[-1]} is learnt",
            f"Learning rates ─ {trial}",
            "Kept against learnt",
            "What matters",
        )
        subtitles = (
            measured_on(look.study.retention_rows),
            "",
            _scores_of(look.cursor),
            importance_text(told) if told else "",
        )
        drawings = (forgetting_of(look), rates_of(look), plane_of(look), importance_of(look))
        for number, (panel, title, subtitle, drawing) in enumerate(
            zip(PANELS, titles, subtitles, drawings, strict=True), start=1
        ):
            chart = self.query_one(f"#{panel}", Chart)
            closes = "esc shows all" if chart is self.maximized else ""
            entitle(chart, f"{number} {title}", " ─ ".join(filter(None, (subtitle, closes))))
            chart.show(drawing)
        self._have_weighed(look)

    # one large

    def action_show_panel(self, number: int) -> None:
        """Show a chart; one that is shown already becomes large, or as small as it was."""
        panel = PANELS[number - 1]
        chart = self.query_one(f"#{panel}", Chart)
        if self.maximized is chart:
            self.show_all()
            return
        large = chart.display or self.maximized is not None
        self._front(panel)
        if large:
            self._enlarge(panel)
        self.follow()

    def _enlarge(self, panel: str) -> None:
        chart = self.query_one(f"#{panel}", Chart)
        self.maximize(chart, container=False)
        if chart.can_focus:
            chart.focus()

    def show_all(self) -> None:
        """Make the large chart small again."""
        self.minimize()
        self.query_one(TrialsTable).focus()
        self.follow()

    def action_next_panel(self) -> None:
        """Show the next chart, as large as the last one."""
        shown = next(i for i, panel in enumerate(PANELS) if self.has_class(f"-{panel}"))
        panel = PANELS[(shown + 1) % len(PANELS)]
        self._front(panel)
        if self.maximized is not None:
            self._enlarge(panel)
            self.follow()

    @property
    def shows_all(self) -> bool:
        """Whether there is room for all charts."""
        return self.has_class("-wide") and self.has_class("-high")

    def _front(self, panel: str) -> None:
        """Show this chart where there is room for one only."""
        for other in PANELS:
            self.set_class(other == panel, f"-{other}")

    @on(PlaneChart.Walked)
    def _walked(self, message: PlaneChart.Walked) -> None:
        """Let the table's cursor go along, where the trial stands in it."""
        table = self.query_one(TrialsTable)
        line = table.line_of(message.number)
        if line is not None:
            table.cursor = line
        self._ask(cursor=message.number)

    # side by side

    def action_compare_trials(self) -> None:
        """Show the marked trials, or the cursor's and one more, side by side."""
        look = self._look
        if look is None:
            return
        numbers = trials_to_compare(look, self._question.marked)
        if len(numbers) < 2:  # noqa: PLR2004 - one is like itself
            self.notify("Nothing to compare with yet: mark trials with space", markup=False)
            return
        marked = len(self._question.marked)
        if marked > MOST_COMPARED:
            self.notify(f"{MOST_COMPARED} of {marked} marked trials fit", markup=False)
        self.post_message(OpenCompare(self._question.study_id, numbers))

    # what matters

    def action_turn_evaluator(self) -> None:
        """Let the other one tell what matters."""
        other = "fanova" if self._question.evaluator == "ped-anova" else "ped-anova"
        self._ask(evaluator=other)

    def _have_weighed(self, look: Look) -> None:
        """Have told what matters where nobody did, or long ago; one process at a time."""
        asked = (self._question.evaluator, len(look.scored))
        if look.importance_is_old and self._weighing is None and asked != self._asked_to_weigh:
            self._asked_to_weigh = asked
            store, study_id = self._reader.store, self._question.study_id
            self._weighing = Weighing(store, study_id, self._question.evaluator)
            self._weigh(self._weighing)

    @work(thread=True, group="weigh")
    def _weigh(self, weighing: Weighing) -> None:
        try:
            weighing.run()
        except EngineError as error:
            self.post_message(Trouble(str(error)))
        finally:
            self._weighing = None


def _scores_of(trial: TrialRow | None) -> str:
    """Say what a trial scores."""
    if trial is None or trial.p is None:
        return ""
    return f"#{trial.number} p {score(trial.p)} = {score(trial.p_o)} + {score(trial.p_s)}"
