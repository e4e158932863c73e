"""The trials and the charts of a study: all of them where there is room, or one chart at a time."""

from textual import on
from textual.containers import Container

from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import Panel, study_panels
from bertcl_tui.study.panels.parallel import ParallelChart
from bertcl_tui.study.trials import TrialsList
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.widgets.keys import key_for


class PanelGrid(Container):
    """Shows the charts beside the trials; any chart can be made as large as the screen.

    Args:
        trials: the list of trials, which comes first.
    """

    FRONT = "-front"
    """The class of the chart that is shown where there is room for one only."""

    def __init__(self, trials: TrialsList) -> None:
        self._trials = trials
        self._panels: tuple[Panel, ...] = tuple(study_panels().values())
        self._charts = tuple(
            panel.chart(id=name, classes="panel") for name, panel in study_panels().items()
        )
        self._look: Look | None = None
        super().__init__(trials, *self._charts, id="panels")
        self._bring_forward(self._charts[0])

    @property
    def shows_all(self) -> bool:
        """Whether there is room for all charts."""
        return self.screen.has_class("-wide") and self.screen.has_class("-high")

    def show(self, look: Look) -> None:
        """Draw what was read of the study."""
        self._look = look
        for panel, chart in zip(self._panels, self._charts, strict=True):
            chart.show(panel.drawing(look))
        self._entitle()

    def _entitle(self) -> None:
        look = self._look
        if look is None:
            return
        for number, (panel, chart) in enumerate(zip(self._panels, self._charts, strict=True), 1):
            subtitle = "" if panel.subtitle is None else panel.subtitle(look)
            large = chart is self.screen.maximized
            closes = f"{key_for(self.app, 'back')} shows all" if large else ""
            entitle(
                chart, f"{number} {panel.title(look)}", " ─ ".join(filter(None, (subtitle, closes)))
            )

    @on(ParallelChart.Brushed)
    def _brushed(self, message: ParallelChart.Brushed) -> None:
        """Let the filter say what is brushed: there it is seen, and can be edited."""
        self._trials.filter_bar.bound(message.bounds)

    def show_panel(self, number: int) -> None:
        """Show a chart; one that is shown already, or has no place beside others, becomes large."""
        chart, large = self._charts[number - 1], self.screen.maximized
        if large is chart:
            self.show_all()
            return
        was_shown = chart.display
        self._bring_forward(chart)
        if was_shown or large is not None or self.shows_all:
            self._enlarge(chart)

    def show_next(self) -> None:
        """Show the next chart, as large as the last one."""
        place = next(i for i, chart in enumerate(self._charts) if chart.has_class(self.FRONT))
        chart = self._charts[(place + 1) % len(self._charts)]
        self._bring_forward(chart)
        if self.screen.maximized is not None:
            self._enlarge(chart)

    def show_all(self) -> None:
        """Make the large chart small again."""
        self.screen.minimize()
        self._trials.table.focus()
        self._resized()

    def _bring_forward(self, chart: Chart) -> None:
        for other in self._charts:
            other.set_class(other is chart, self.FRONT)

    def _enlarge(self, chart: Chart) -> None:
        self.screen.maximize(chart, container=False)
        if chart.can_focus:
            chart.focus()
        self._resized()

    def _resized(self) -> None:
        self._entitle()
        self.screen.refresh_bindings()
