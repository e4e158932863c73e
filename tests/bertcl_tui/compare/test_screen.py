"""Marked trials side by side: their curves, and only what differs until all is asked for."""

import pytest
from textual.pilot import Pilot

from bertcl_tui.compare.screen import CompareScreen
from bertcl_tui.compare.table import ComparisonTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.trial.screen import TrialScreen
from bertcl_tui.widgets.chart import CurveChart
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.study.test_screen import _enter
from tests.bertcl_tui.waiting import until


async def _compare(pilot: Pilot[None], *keys: str) -> ComparisonTable:
    await _enter(pilot)
    await pilot.press(*keys, "d")
    return await _compared(pilot)


async def _compared(pilot: Pilot[None]) -> ComparisonTable:
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
    table = pilot.app.screen.query_one(ComparisonTable)
    await until(pilot, lambda: table.items)
    return table


def _names(table: ComparisonTable) -> list[str]:
    return [fact.name for fact in table.items]


def _drawn(pilot: Pilot[None]) -> str:
    chart = pilot.app.screen.query_one(CurveChart)
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


@pytest.mark.action("study", "compare_trials")
@pytest.mark.action("compare", "show_alike", "back", "turn_focus", "copy_table")
@pytest.mark.action("comparison", "next_trial", "previous_trial", "open_chosen")
async def test_marked_trials_have_their_glyphs_curves_and_what_differs_and_one_is_opened(
    open_app: OpenApp,
) -> None:
    async with open_app() as pilot:
        table = await _compare(pilot, "j", "space", "j", "space", "j", "space")
        header = table.render_line(0).text
        assert header.split() == ["›■", "#10", "◐", "#6", "▲", "#25"]
        study = pilot.app.screen_stack[1].query_one("#forgetting", CurveChart)
        told = header.replace("›", "").split()
        drawn = "\n".join(study.render_line(y).text for y in range(study.size.height))
        for glyph, name in zip(told[::2], told[1::2], strict=True):
            assert f"{glyph} {name}" in drawn, "as among the study's curves"
        assert "heads" in _names(table)
        assert "model" not in _names(table)
        await pilot.press("a")
        await until(pilot, lambda: "model" in _names(table))
        await pilot.press("a")
        await until(pilot, lambda: "model" not in _names(table))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))

        await pilot.press("space", "d")
        table = await _compared(pilot)
        await pilot.press("y")
        assert pilot.app.clipboard.startswith("\t#10\t#6\np\t1.417\t1.402\n")
        await until(pilot, lambda: "#10" in _drawn(pilot) and "flat 5e-6" in _drawn(pilot))
        await pilot.press("tab", "left")
        await until(pilot, lambda: "step 100 of stage 2" in _drawn(pilot))
        await pilot.press("escape", "escape")
        assert table.has_focus
        assert isinstance(pilot.app.screen, CompareScreen)
        await pilot.press("right")
        assert table.chosen == 6
        assert "›◐ #6" in table.render_line(0).text
        await pilot.press("l")
        assert table.chosen == 10
        await pilot.press("h", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))

        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        await pilot.resize_terminal(80, 24)
        await pilot.press("u", "g", "j", "d")  # nothing marked is held against the baseline
        table = await _compared(pilot)
        assert table.render_line(0).text.split() == ["›■", "#10", "●", "#0"]
        assert table.size.height >= 8
