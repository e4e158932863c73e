"""Trials of a study side by side: how they forget, and in what they differ."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.forgetting import read_by
from bertcl_tui.charts.groups import Groups
from bertcl_tui.compare.look import Comparison, Fact, as_text, look_at_comparison
from bertcl_tui.compare.table import ComparisonTable
from bertcl_tui.kit.live import Folding, LiveScreen
from bertcl_tui.kit.messages import OpenRun
from bertcl_tui.store.reader import Reader
from bertcl_tui.study.panels.forgetting import title_of
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.chart import CurveChart
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.keys import KeyBar, key_for


@dataclass
class CompareRead(Folding):
    """What the store said; None: there is nothing to compare any more."""

    comparison: Comparison | None


class CompareScreen(LiveScreen):
    """Shows only what differs until all is asked for."""

    PLACE: ClassVar[Place] = "compare"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("compare")]
    AUTO_FOCUS = "ComparisonTable"

    def __init__(self, study_id: int, numbers: tuple[int, ...], reader: Reader) -> None:
        super().__init__()
        self._study_id, self._numbers, self._reader = study_id, numbers, reader
        self._comparison: Comparison | None = None
        self._all = False
        self._groups = Groups()

    def compose(self) -> ComposeResult:
        yield TopBar("Studies")
        yield CurveChart(id="curves", classes="panel")
        yield ComparisonTable(classes="panel")
        yield KeyBar()

    def read(self) -> CompareRead:
        return CompareRead(look_at_comparison(self._reader, self._study_id, self._numbers))

    @on(CompareRead)
    def _show(self, message: CompareRead) -> None:
        self._comparison = message.comparison
        if message.comparison is None:
            self.lose("the trials were deleted")
            return
        self._show_top(message.comparison)
        self._show_facts(message.comparison)
        self._show_curves()

    def _show_top(self, comparison: Comparison) -> None:
        study, trials = comparison.study, len(comparison.several)
        facts = [count(trials, "trial"), study.model, f"{study.preset} preset"]
        self.query_one(TopBar).show(["Studies", study.name, "Compare"], facts)

    def _show_facts(self, comparison: Comparison) -> None:
        table = self.query_one(ComparisonTable)
        table.show_comparison(comparison.several, self._shown(comparison))
        alike = sum(not fact.differs for fact in comparison.facts)
        key = key_for(self.app, "show_alike")
        hidden = f"{count(alike, 'line')} alike in all: {key} shows them" if alike else ""
        title = "All that is known" if self._all else "What differs"
        entitle(table, title, f"{key} shows what differs only" if self._all else hidden)

    def _shown(self, comparison: Comparison) -> list[Fact]:
        return [fact for fact in comparison.facts if self._all or fact.differs]

    @on(ComparisonTable.Turned)
    def _show_curves(self) -> None:
        comparison, chosen = self._comparison, self.query_one(ComparisonTable).chosen
        if comparison is None or chosen is None:
            return
        chart = self.query_one("#curves", CurveChart)
        study = comparison.study
        grouped = bool(self._groups.by)
        on_rows = read_by(comparison.curves.values(), study.retention_rows, grouped=grouped)
        entitle(chart, title_of(study.sequence, self._groups), on_rows)
        chart.show(comparison.forgetting(chosen, self._groups))

    # actions

    @on(ComparisonTable.Opened)
    def _opened(self) -> None:
        chosen, comparison = self.query_one(ComparisonTable).chosen, self._comparison
        if chosen is not None and comparison is not None:
            runs = {each.trial.number: each.trial.run_id for each in comparison.several}
            self.post_message(OpenRun(runs[chosen], list(runs.values())))

    def action_show_alike(self) -> None:
        self._all = not self._all
        if self._comparison is not None:
            self._show_facts(self._comparison)

    def action_group_curves(self) -> None:
        """Draw those curves as one that have the next thing in common."""
        self._regroup(self._groups.next())

    def action_turn_spread(self) -> None:
        self._regroup(self._groups.turned())

    def _regroup(self, groups: Groups) -> None:
        self._groups = groups
        self._show_curves()
        self.refresh_bindings()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """A band is there of what is grouped."""
        return bool(self._groups.by) or action != "turn_spread"

    def action_turn_focus(self) -> None:
        table, curves = self.query_one(ComparisonTable), self.query_one("#curves")
        (curves if table.has_focus else table).focus()

    def action_copy_table(self) -> None:
        if self._comparison is not None:
            facts = self._shown(self._comparison)
            self.app.copy_to_clipboard(as_text(self._comparison.several, facts))
            self.notify(f"{count(len(facts), 'line')} copied", markup=False)

    def action_back(self) -> None:
        table = self.query_one(ComparisonTable)
        if table.has_focus:
            self.dismiss()
        else:
            table.focus()
