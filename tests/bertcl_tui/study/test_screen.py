"""One study: its table, its charts, and what the keys do."""

from pathlib import Path

import pytest
from sqlalchemy import delete, update
from textual.pilot import Pilot
from textual.widgets import Input, Static

from bertcl_tui.app.app import BertclApp
from bertcl_tui.combine.screen import CombineScreen
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.store import control
from bertcl_tui.store.trial_rows import Scored
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.study.baseline import BaselineScreen
from bertcl_tui.study.panels import study_panels
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.trial.screen import TrialScreen
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import TopBar
from engine.store.connection import open_store
from engine.store.deletion import delete_study
from engine.store.importance import importance_of
from engine.store.remarks import MOST_OF_A_NOTE, change_marks, marks
from engine.store.run_states import finish_run
from engine.store.runs import Scores
from engine.store.schema import importance, stage
from engine.store.studies import find_study
from engine.store.workers import end_worker
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE

SMALL, LARGE = (80, 24), (120, 40)
PANELS = tuple(study_panels())


def _table(pilot: Pilot[None]) -> TrialsTable:
    return pilot.app.screen.query_one(TrialsTable)


def _numbers(pilot: Pilot[None]) -> list[int]:
    return [item.number for item in _table(pilot).items]


def _chart(pilot: Pilot[None], panel: str) -> Chart:
    return pilot.app.screen.query_one(f"#{panel}", Chart)


def _drawn(pilot: Pilot[None], panel: str) -> str:
    chart = _chart(pilot, panel)
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


def _title(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#trials").border_title)


def _shown(pilot: Pilot[None]) -> list[str]:
    return [panel for panel in PANELS if _chart(pilot, panel).display]


def _desired(store: Path) -> str:
    return find_study(open_store(str(store)), LIVE).desired


def _cursor(pilot: Pilot[None]) -> int:
    current = _table(pilot).current
    assert current is not None
    return current.number


def _scored(pilot: Pilot[None], number: int) -> Scored:
    look = pilot.app.screen._look  # type: ignore[attr-defined]
    return next(trial for trial in look.scored if trial.number == number)


async def _enter(pilot: Pilot[None]) -> None:
    stack = pilot.app.screen_stack
    await until(pilot, lambda: stack[0].query_one("StudiesTable").items)  # type: ignore[attr-defined]
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen) and _table(pilot).items)


async def test_the_running_trial_then_the_best_and_charts_that_follow_the_cursor(
    open_app: OpenApp,
) -> None:
    async with open_app() as pilot:
        await _enter(pilot)
        assert _numbers(pilot)[:3] == [30, 10, 6]
        assert len(_numbers(pilot)) == 29
        line = pilot.app.screen.query_one(TopBar).render_line(0).text
        assert "Studies › rotten-tomatoes:privacy-qa" in line
        assert "running · 30/60 trials · ETA" in line
        await until(pilot, lambda: "running #30" in _drawn(pilot, "forgetting"))
        await pilot.press("j")
        await until(pilot, lambda: "#10 0.754" in _drawn(pilot, "forgetting"))
        assert "flat 5e-6" in _drawn(pilot, "forgetting")
        assert _chart(pilot, "rates").border_title == "2 Learning rates ─ ■ #10"
        await until(pilot, lambda: "#10" in _drawn(pilot, "plane"))
        assert "layer 1" in _drawn(pilot, "importance")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))


async def test_a_trial_that_ends_moves_to_its_place_and_the_cursor_with_it(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        await pilot.press("j", "j")
        finish_run(
            open_store(str(store)), 43, 1, state="complete", scores=Scores(p_o=0.75, p_s=0.66)
        )
        await until(pilot, lambda: _numbers(pilot)[:3] == [10, 30, 6])
        current = _table(pilot).current
        assert current is not None
        assert current.number == 6


async def test_marks_are_kept_for_the_combination_where_others_mark_too(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        await pilot.press("j", "space", "j", "space")
        await until(
            pilot, lambda: "2 marked" in str(pilot.app.screen.query_one("#trials").border_title)
        )
        assert isinstance(pilot.app, BertclApp)
        await until(pilot, lambda: marks(open_store(str(store))) == {1: {10, 6}})
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        await _enter(pilot)
        assert _table(pilot).marked == {10, 6}
        change_marks(open_store(str(store)), 1, on=[25], off=[6])  # as a shell does
        await until(pilot, lambda: _table(pilot).marked == {10, 25})
        await pilot.press("home", "j", "space")
        await until(pilot, lambda: marks(open_store(str(store))) == {1: {25}})
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CombineScreen))
        assert isinstance(pilot.app.screen, CombineScreen)
        assert pilot.app.screen._marked == {1: {25}}


@pytest.mark.action("study", "write_note")
async def test_a_note_is_kept_and_found(open_app: OpenApp) -> None:
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        await pilot.press("j", "N")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(Input).value = "x" * (MOST_OF_A_NOTE + 1)
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, FormScreen)  # what was typed is not lost
        assert "at most 500" in str(pilot.app.screen.query_one("#remark", Static).render())
        pilot.app.screen.query_one(Input).value = "good #keep"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "note:#keep"
        await until(pilot, lambda: _numbers(pilot) == [10])
        await pilot.press("enter", "N")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        assert pilot.app.screen.query_one(Input).value == "good #keep"
        pilot.app.screen.query_one(Input).value = ""
        await pilot.press("enter")
        await until(pilot, lambda: _numbers(pilot) == [])


@pytest.mark.action("study", "combine")
async def test_marks_stand_before_a_filter_and_charts_tell_what_does_not_fit_it(
    open_app: OpenApp,
) -> None:
    async with open_app(size=LARGE) as pilot:
        await _enter(pilot)
        await pilot.press("v", "j", "escape")  # a range ends before the screen is left
        assert isinstance(pilot.app.screen, StudyScreen)
        assert not _table(pilot).ranging
        await pilot.press("space", "j", "space", "slash")
        pilot.app.screen.query_one(Input).value = "p_o > 0.1 lr3>1e-9 p>1.39"
        await until(pilot, lambda: "lr3" in _title(pilot))
        title = _title(pilot)
        assert title.index("2 marked") < title.index("p_o")
        fitting = len(_numbers(pilot))
        await until(pilot, lambda: f"● {fitting}  • {24 - fitting}" in _drawn(pilot, "plane"))
        pilot.app.screen.query_one(Input).value = "p>9"
        await until(pilot, lambda: _numbers(pilot) == [])
        await until(pilot, lambda: "No trial fits the filter." in _drawn(pilot, "rates"))
        pilot.app.screen.query_one(Input).value = "lr3>1e-9"
        await until(pilot, lambda: len(_numbers(pilot)) == 31)
        pilot.app.screen.query_one(Input).value = "lr9>1e-5"
        await pilot.pause()
        assert "lr0..lr7" in str(pilot.app.screen.query_one("#wrong").render())
        await pilot.press("enter", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CombineScreen))


async def test_the_curves_say_on_how_many_rows_they_are_measured(
    open_app: OpenApp, store: Path
) -> None:
    rows = 32
    with open_store(str(store)).writing() as connection:
        connection.execute(update(stage).values(followed=rows))
    async with open_app(size=LARGE) as pilot:
        await _enter(pilot)
        told = f"on {rows} rows (one {1 / rows:.3f}, faint 95 %), ends on all"
        forgetting = _chart(pilot, "forgetting")
        await until(pilot, lambda: str(forgetting.border_subtitle) == told)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
        title = f"1 Accuracy {told}"
        learning = pilot.app.screen.query_one("#learning", Chart)
        await until(pilot, lambda: str(learning.border_title) == title)


@pytest.mark.action("study", "pause_or_resume", "stop_study")
async def test_pause_and_resume_at_once_with_a_worker_and_stop_when_asked(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(control, "start_workers", started.append)  # a process is too much here
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        await pilot.press("p")
        await until(pilot, lambda: _desired(store) == "paused")
        top = pilot.app.screen.query_one(TopBar)
        await until(pilot, lambda: "pausing" in top.render_line(0).text)
        assert started == []
        await pilot.press("p")
        await until(pilot, lambda: _desired(store) == "running")
        await until(pilot, lambda: started)
        await until(pilot, lambda: "running ·" in top.render_line(0).text)
        await pilot.press("s", "n")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        assert _desired(store) == "running"
        await pilot.press("s", "y")
        await until(pilot, lambda: _desired(store) == "stopped")


async def test_resume_starts_a_worker_where_none_lives(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(control, "start_workers", started.append)
    end_worker(open_store(str(store)), 1)
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        await pilot.press("p")
        await until(pilot, lambda: started)


@pytest.mark.action("study", "sort", "reverse")
async def test_keys_and_clicks_on_columns_sort_and_turn(open_app: OpenApp) -> None:
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        await pilot.press("o", "o", "o")
        await until(pilot, lambda: "by p_s ▼" in _title(pilot))
        await pilot.click(TrialsTable, offset=(5, 0))
        await until(pilot, lambda: _numbers(pilot)[1:4] == [0, 1, 2])
        await pilot.press("O")
        await until(pilot, lambda: _numbers(pilot)[1:4] == [29, 28, 27])
        assert "by number ▼" in _title(pilot)
        assert "#▼" in _table(pilot).render_line(0).text
        await pilot.click(TrialsTable, offset=(5, 0))
        await until(pilot, lambda: _numbers(pilot)[1:4] == [0, 1, 2])


@pytest.mark.action("study", "filter", "fold_collapsed")
async def test_collapsed_trials_are_counted_until_a_key_or_a_filter_asks_for_them(
    open_app: OpenApp,
) -> None:
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        await until(pilot, lambda: "Trials ─ 29 + 2 collapsed (x)" in _title(pilot))
        assert not {8, 16} & set(_numbers(pilot))
        await pilot.press("x")
        await until(pilot, lambda: {8, 16} < set(_numbers(pilot)))
        assert "collapsed" not in _title(pilot)
        await pilot.press("x")
        await until(pilot, lambda: len(_numbers(pilot)) == 29)
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "state:collapsed"
        await until(pilot, lambda: _numbers(pilot) == [8, 16])
        assert "2 of 31" in str(pilot.app.screen.query_one("#trials").border_title)
        await pilot.press("enter", "escape")
        await until(pilot, lambda: len(_numbers(pilot)) == 29)
        assert isinstance(pilot.app.screen, StudyScreen)


@pytest.mark.action("study", "next_panel")
@pytest.mark.action("study", "show_panel(1)", "show_panel(2)", "show_panel(3)", "show_panel(4)")
@pytest.mark.action("study", "show_panel(5)")
async def test_a_small_terminal_shows_one_chart_by_tab_or_number_and_large_by_the_same_again(
    open_app: OpenApp,
) -> None:
    async with open_app(size=SMALL) as pilot:
        await _enter(pilot)
        seen = [_shown(pilot)]
        for _ in PANELS:
            await pilot.press("tab")
            await pilot.pause()
            seen.append(_shown(pilot))
        assert seen == [[panel] for panel in (*PANELS, PANELS[0])]
        for number in range(len(PANELS), 0, -1):
            await pilot.press(str(number))
            await pilot.pause()
            assert _shown(pilot) == [PANELS[number - 1]]
        await pilot.press("1")
        await until(pilot, lambda: _chart(pilot, "forgetting").size.width > 70)
        assert _chart(pilot, "forgetting").has_focus
        await pilot.press("1")
        await until(pilot, lambda: _table(pilot).has_focus)


@pytest.mark.action("plane", "walk_left", "walk_right", "walk_up", "walk_down")
async def test_a_large_terminal_shows_all_and_a_number_makes_one_large_to_be_read(
    open_app: OpenApp,
) -> None:
    async with open_app(size=LARGE) as pilot:
        await _enter(pilot)
        assert _shown(pilot) == list(PANELS[:-1]), "that of all rates is always large"
        size = _chart(pilot, "plane").size
        await pilot.press("j", "3")
        await pilot.pause()
        assert _chart(pilot, "plane").size.width > size.width
        await until(pilot, lambda: "#10" in _drawn(pilot, "plane"))

        # a walk through the plane takes the cursor along
        for key, way, sign in (
            ("right", "p_s", 1),
            ("down", "p_o", -1),
            ("left", "p_s", -1),
            ("up", "p_o", 1),
        ):
            before = _scored(pilot, _cursor(pilot))
            await pilot.press(key)
            await until(pilot, lambda before=before: _cursor(pilot) != before.number)  # type: ignore[misc]
            here = _scored(pilot, _cursor(pilot))
            assert sign * (getattr(here, way) - getattr(before, way)) > 0
            await until(pilot, lambda: f"#{_cursor(pilot)}" in _drawn(pilot, "plane"))
        await pilot.press("escape")
        await pilot.pause()
        assert _chart(pilot, "plane").size == size
        assert isinstance(pilot.app.screen, StudyScreen)

        # values are read in the large one, and escape goes back step by step
        await pilot.press("g", "j", "1")
        await until(pilot, lambda: "#10" in _drawn(pilot, "forgetting"))
        await pilot.press("left")
        await until(pilot, lambda: "step 100 of stage 2" in _drawn(pilot, "forgetting"))
        await pilot.press("escape")
        await until(pilot, lambda: "step 100 of" not in _drawn(pilot, "forgetting"))
        assert pilot.app.screen.maximized is not None
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.maximized is None)
        assert _table(pilot).has_focus


@pytest.mark.action("study", "choose_baseline", "turn_evaluator")
async def test_another_flat_run_is_the_baseline_and_the_other_evaluator_weighs(
    open_app: OpenApp,
) -> None:
    async with open_app(size=LARGE) as pilot:
        await _enter(pilot)
        await until(pilot, lambda: "flat 5e-6" in _drawn(pilot, "forgetting"))
        await pilot.press("B")
        await until(pilot, lambda: isinstance(pilot.app.screen, BaselineScreen))
        await pilot.press("j", "enter")
        await until(pilot, lambda: "flat 1e-5" in _drawn(pilot, "forgetting"))
        assert "flat 5e-6" not in _drawn(pilot, "forgetting")
        await until(pilot, lambda: "flat 1e-5" in _drawn(pilot, "rates"))

        panel = _chart(pilot, "importance")
        await until(pilot, lambda: "PED-ANOVA, 24 trials" in str(panel.border_subtitle))
        await pilot.press("f")
        await until(pilot, lambda: "fANOVA, 24 trials" in str(panel.border_subtitle))


@pytest.mark.process
@pytest.mark.usefixtures("forked")
async def test_what_matters_is_told_where_nobody_did(open_app: OpenApp, store: Path) -> None:
    opened = open_store(str(store))
    with opened.writing() as connection:
        connection.execute(delete(importance))
    async with open_app(size=LARGE) as pilot:
        await _enter(pilot)
        await until(pilot, lambda: "Weighing 24 trials" in _drawn(pilot, "importance"))
        await until(pilot, lambda: "heads" in _drawn(pilot, "importance"), patience=120)
    assert importance_of(opened, 1, "ped-anova") is not None


async def test_a_study_that_is_deleted_elsewhere_is_left(open_app: OpenApp, store: Path) -> None:
    async with open_app(size=SMALL) as pilot:
        stack = pilot.app.screen_stack
        await until(pilot, lambda: stack[0].query_one("StudiesTable").items)  # type: ignore[attr-defined]
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        delete_study(open_store(str(store)), 2)
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))


async def test_unusual_sizes_can_be_drawn(open_app: OpenApp) -> None:
    async with open_app(size=(40, 12)) as pilot:
        await _enter(pilot)
        for size in ((40, 12), (200, 24), (60, 50)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: pilot.app.screen.size == size)  # type: ignore[misc]
            assert _table(pilot).size.height >= 3
            assert _shown(pilot)
