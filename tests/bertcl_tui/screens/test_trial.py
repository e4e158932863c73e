"""One trial."""

import pytest
from textual.pilot import Pilot

from bertcl_tui.screens.study import StudyScreen
from bertcl_tui.screens.trial import TrialScreen
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.top_bar import TopBar
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until


async def _open(pilot: Pilot[None], *keys: str) -> None:
    stack = pilot.app.screen_stack
    await until(pilot, lambda: stack[0].query_one("StudiesTable").items)  # type: ignore[attr-defined]
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
    await until(pilot, lambda: pilot.app.screen.query_one("TrialsTable").items)  # type: ignore[attr-defined]
    await pilot.press(*keys, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
    learning = pilot.app.screen.query_one("#learning", Chart)
    await until(pilot, lambda: learning.border_title)


def _top(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(TopBar).render_line(0).text


async def test_scores_and_curves(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _open(pilot, "j")
        assert "#10" in _top(pilot)
        assert "complete · p 1.417 = 0.754 + 0.663 · step 200 of 200" in _top(pilot)
        chart = pilot.app.screen.query_one("#learning", Chart)
        await until(
            pilot,
            lambda: any("stage 2 privacy-qa" in chart.render_line(y).text for y in range(3)),
        )


async def test_why_it_failed(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _open(pilot, "G")
        chart = pilot.app.screen.query_one("#learning", Chart)
        assert "the device ran out of memory" in str(chart.border_subtitle)


@pytest.mark.action("trial", "back")
async def test_escape_comes_back(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _open(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
