"""Which classes of a task were forgotten, in the Trial."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from bertcl_tui.kit.messages import OpenRun
from bertcl_tui.trial.classes import classes_of, earlier_tasks
from bertcl_tui.trial.classes_panel import ClassesPanel
from bertcl_tui.trial.screen import TrialScreen
from engine.store.confusions import ConfusionRecord
from engine.store.connection import open_store
from engine.store.measurements import record_stage_end
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import RUNNING, WORKER

SMALL, LARGE = (80, 24), (120, 40)
FILM, LAW = ("rotten", "fresh"), ("irrelevant", "relevant")


def counted(stage: int, task: int, *rows: tuple[int, int]) -> ConfusionRecord:
    cells = tuple(
        (right, given, count) for right, row in enumerate(rows) for given, count in enumerate(row)
    )
    return ConfusionRecord(stage=stage, task=task, labels=(FILM, LAW)[task % 2], cells=cells)


FIRST = counted(0, 0, (90, 10), (20, 80))
LAST = (counted(1, 0, (95, 5), (60, 40)), counted(1, 1, (70, 30), (31, 69)))


def _keep(store: Path, *records: ConfusionRecord) -> None:
    record_stage_end(open_store(str(store)), RUNNING, WORKER, confusions=records)


async def _open(pilot: Pilot[None]) -> ClassesPanel:
    pilot.app.post_message(OpenRun(RUNNING))
    await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
    panel = pilot.app.screen.query_one(ClassesPanel)
    await until(pilot, lambda: panel.border_title)
    return panel


def _lines(panel: ClassesPanel) -> list[str]:
    text = str(panel.query_one(Static).visual)
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.action("classes", "next_task", "later_stage", "earlier_stage")
async def test_a_task_after_its_own_stage_and_at_the_end_and_one_turns_to_others(
    open_app: OpenApp, store: Path
) -> None:
    _keep(store, FIRST, *LAST)
    async with open_app(size=LARGE) as pilot:
        panel = await _open(pilot)
        await until(pilot, lambda: "rotten-tomatoes: own stage → at the end" in _lines(panel))
        assert "rotten 90 10 95 5 0.900 0.950 −0.050" in _lines(panel)
        assert "fresh 20 80 60 40 0.800 0.400 0.400" in _lines(panel)

        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: pilot.app.screen.size == SMALL)
        await pilot.press("5")
        await until(pilot, lambda: panel.has_focus and "own stage → at the end" in _lines(panel)[0])
        await pilot.press("left")
        await until(pilot, lambda: _lines(panel)[0] == "rotten-tomatoes: own stage")
        assert "fresh 20 80 0.800" in _lines(panel)
        await pilot.press("right")
        await until(pilot, lambda: "at the end" in _lines(panel)[0])
        await pilot.press("t")
        await until(pilot, lambda: _lines(panel)[0] == "privacy-qa: at the end")
        assert "relevant 31 69 0.690" in _lines(panel)
        await pilot.press("t")
        await until(pilot, lambda: _lines(panel)[0].startswith("rotten-tomatoes"))


async def test_what_was_not_counted_takes_no_room_until_it_is(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app(size=LARGE) as pilot:
        panel = await _open(pilot)
        learning = pilot.app.screen.query_one("#learning")
        await until(pilot, lambda: not panel.display)
        height = learning.outer_size.height
        await pilot.press("5")
        assert pilot.app.screen.maximized is None
        _keep(store, FIRST)
        await until(pilot, lambda: panel.display and "fresh 20 80 0.800" in _lines(panel))
        assert learning.outer_size.height < height


async def test_tab_passes_by_what_was_not_counted(open_app: OpenApp) -> None:
    async with open_app(size=SMALL) as pilot:
        panel = await _open(pilot)
        await pilot.press("5")
        await until(pilot, lambda: _lines(panel) == ["Nothing counted yet."])
        await pilot.press("4", "tab")
        await until(pilot, lambda: pilot.app.screen.has_class("-log"))


def test_without_its_own_stage_a_task_is_compared_with_nothing() -> None:
    """Its first stage was taken over as an earlier version kept it."""
    found = classes_of(("a", "b"), LAST, 0)
    assert found is not None
    assert (found.own, found.stage, found.before) == (0, 1, None)
    assert list(earlier_tasks(("a", "b"), LAST)) == []


def test_of_a_longer_sequence_each_earlier_task_is_compared_with_its_own_stage() -> None:
    end = (counted(2, 0, (1, 99), (0, 100)), counted(2, 1, (100, 0), (100, 0)))
    last = counted(2, 2, (50, 50), (50, 50))
    found = list(earlier_tasks(("a", "b", "c"), (FIRST, *LAST, *end, last)))
    assert [(each.name, each.own, each.stage) for each in found] == [("a", 0, 2), ("b", 1, 2)]
    assert [round(change.fall or 0.0, 2) for each in found for change in each.changes] == [
        0.89,
        -0.2,
        -0.3,
        0.69,
    ]
