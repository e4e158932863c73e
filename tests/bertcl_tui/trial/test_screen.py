"""One run: a trial of a study, or one of the arena."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Static

from bertcl_tui.arena.screen import ArenaScreen
from bertcl_tui.kit.dialogs import ConfirmScreen, FormScreen
from bertcl_tui.kit.messages import OpenRun
from bertcl_tui.store import control
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.trial.screen import PANELS, TrialScreen
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.frame import TopBar
from bertcl_tui.workers.log_table import LogTable
from engine.spec import Protocol
from engine.store.connection import open_store
from engine.store.measurements import (
    DriftRecord,
    MeasurementRecord,
    Progress,
    Spent,
    record_progress,
    record_stage_end,
)
from engine.store.runs import RunRecord, get_run
from engine.store.schema import run, trace
from engine.store.workers import write_log
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import RUNNING, STAGE_STEPS, STOPPED_AT, WORKER

SMALL, LARGE = (80, 24), (120, 40)
COMPLETE, FAILED = 10, 24


async def _enter(pilot: Pilot[None]) -> TrialsTable:
    """Open the first study."""
    stack = pilot.app.screen_stack
    await until(pilot, lambda: stack[0].query_one("StudiesTable").items)  # type: ignore[attr-defined]
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
    table = pilot.app.screen.query_one(TrialsTable)
    await until(pilot, lambda: table.items)
    return table


async def _opened(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
    learning = pilot.app.screen.query_one("#learning", Chart)
    await until(pilot, lambda: learning.border_title)


async def _open_number(pilot: Pilot[None], number: int) -> None:
    """Open a trial of the first study; its runs' ids are one more than their numbers."""
    pilot.app.post_message(OpenRun(number + 1))
    await _opened(pilot)


def _top(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(TopBar).render_line(0).text


def _panel(pilot: Pilot[None], name: str) -> Widget:
    return pilot.app.screen.query_one(f"#{name}")


def _text(pilot: Pilot[None], name: str) -> str:
    return str(_panel(pilot, name).query_one(Static).visual)


def _drawn(pilot: Pilot[None], name: str) -> str:
    chart = pilot.app.screen.query_one(f"#{name}", Chart)
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


def _shown(pilot: Pilot[None]) -> list[str]:
    return [name for name in PANELS if _panel(pilot, name).display]


@pytest.mark.action("trial", "next_run", "previous_run", "pause_or_resume", "stop_run", "back")
async def test_through_the_list_it_was_opened_from_to_the_one_that_runs_which_is_controlled(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "start_workers", lambda _: None)
    opened = open_store(str(store))
    async with open_app() as pilot:
        await _enter(pilot)
        await pilot.press("j", "enter")
        await _opened(pilot)
        assert "#10" in _top(pilot)
        assert "complete · p 1.417 = 0.754 + 0.663 · step 200 of 200" in _top(pilot)
        await until(pilot, lambda: "stage 2 privacy-qa" in _drawn(pilot, "learning"))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "#6 " in _top(pilot))
        assert "#6" in str(_panel(pilot, "learning").border_subtitle) or "p 1." in _top(pilot)
        await pilot.press("left_square_bracket", "left_square_bracket")
        await until(pilot, lambda: "#30" in _top(pilot))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "#30" in _top(pilot))
        assert "11 st/s · 7.6k tok/s" in _top(pilot)

        await pilot.press("p")
        await until(pilot, lambda: get_run(opened, RUNNING).desired == "paused")
        await until(pilot, lambda: "pausing" in _top(pilot))
        await pilot.press("p")
        await until(pilot, lambda: get_run(opened, RUNNING).desired == "running")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: get_run(opened, RUNNING).desired == "stopped")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))


async def test_accuracies_at_the_ends_of_stages_and_every_layer_with_its_drift(
    open_app: OpenApp, store: Path
) -> None:
    opened = open_store(str(store))
    ends = [
        MeasurementRecord(
            step=(stage + 1) * STAGE_STEPS, stage=stage, task=task, split=split, accuracy=accuracy
        )
        for split, stage, task, accuracy in (
            ("search", 0, 0, 0.9),
            ("search", 1, 0, 0.8),
            ("search", 1, 1, 0.7),
            ("validation", 1, 0, 0.75),
            ("validation", 1, 1, 0.65),
        )
    ]
    spent = Spent(learning=62.0, measuring=30.0, waiting=8.0, ideal=25.42)
    progress = Progress(step=STAGE_STEPS + 50, steps=2 * STAGE_STEPS, spent=spent)
    record_progress(opened, RUNNING, WORKER, progress, ends)
    names = ["embeddings", *(f"layer {n}" for n in range(1, 7)), "heads"]
    drifts = [
        DriftRecord(stage=0, place=place, layer=name, drift=0.011 * (place + 1))
        for place, name in enumerate(names)
    ]
    record_stage_end(opened, RUNNING, WORKER, drifts)
    async with open_app() as pilot:
        await _open_number(pilot, RUNNING - 1)
        await until(pilot, lambda: "0.900" in _text(pilot, "matrix"))
        scored, _, reported = _text(pilot, "matrix").partition("validation rows")
        assert "ACC 0.750 · BWT −0.100 · forgetting 0.100" in scored
        table, _, rest = reported.partition("ACC 0.700")
        assert [line.split()[0] for line in table.splitlines()[1:]] == ["after", "privacy-qa"]
        assert rest.splitlines()[0] == ""
        assert "waiting 8 %, 41 % of this machine's rate" in " ".join(
            _text(pilot, "parameters").split()
        )
        await until(pilot, lambda: "embeddings" in _drawn(pilot, "layers"))
        lines = _drawn(pilot, "layers").splitlines()
        assert [line.split("  ")[0].strip() for line in lines[1:9]] == names
        assert lines[1].rstrip().endswith("1.1%")
        assert lines[8].rstrip().endswith("8.8%")


@pytest.mark.action("text", "scroll_up", "scroll_down", "page_up", "page_down")
@pytest.mark.action("text", "scroll_home", "scroll_end")
@pytest.mark.action("trial", "show_part(1)", "show_part(2)", "show_part(3)")
@pytest.mark.action("trial", "show_part(4)", "show_part(5)", "show_part(6)", "show_part(7)")
@pytest.mark.action("trial", "next_part")
async def test_where_room_is_scarce_one_panel_is_shown_at_first_why_it_failed_in_full(
    open_app: OpenApp, store: Path
) -> None:
    reason = "the model could not be read: " + "a long story without an end, " * 12 + "the last."
    opened = open_store(str(store))
    with opened.writing() as connection:
        connection.execute(update(run).where(run.c.id == FAILED + 1).values(reason=reason))
    async with open_app(size=SMALL) as pilot:
        await _open_number(pilot, FAILED)
        await until(pilot, lambda: _shown(pilot) == ["parameters"])
        assert " ".join(_text(pilot, "parameters").split()).count("a long story") == 12
        assert "the last." in _text(pilot, "parameters")
        assert "R runs it once more" in _text(pilot, "parameters")
        panel = _panel(pilot, "parameters")
        await until(pilot, lambda: panel.has_focus and panel.max_scroll_y > 1)
        await pilot.press("j")
        await until(pilot, lambda: panel.scroll_offset.y == 1)
        await pilot.press("k")
        await until(pilot, lambda: panel.scroll_offset.y == 0)
        for down, up in (("ctrl+f", "ctrl+b"), ("G", "g")):
            await pilot.press(down)
            await until(pilot, lambda: panel.scroll_offset.y > 1)
            await pilot.press(up)
            await until(pilot, lambda: panel.scroll_offset.y == 0)

        for key, name in zip("1234567", PANELS, strict=True):
            await pilot.press(key)
            await until(pilot, lambda name=name: _shown(pilot) == [name])  # type: ignore[misc]
        await pilot.press("tab")
        await until(pilot, lambda: _shown(pilot) == ["learning"])


async def test_every_ending_is_explained(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        home = pilot.app.screen
        for state in ("pruned", "collapsed", "failed"):
            number = next(number for number, ended in STOPPED_AT.items() if ended == state)
            await _open_number(pilot, number)
            await until(pilot, lambda state=state: state in _text(pilot, "parameters"))  # type: ignore[misc]
            assert "It ended before a stage was over." in _text(pilot, "matrix")
            assert "drift was not measured" in str(_panel(pilot, "layers").border_subtitle)
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is home)


def _look_at_steps(store: Path, run_id: int) -> None:
    ratios = msgspec.json.encode((-4.0, *(-3.0 for _ in range(6)), -1.0)).decode()
    seen = [
        {"run_id": run_id, "step": step, "loss": 2 / step, "ratios": ratios}
        for step in range(4, 2 * STAGE_STEPS + 1, 4)
    ]
    with open_store(str(store)).writing() as connection:
        connection.execute(trace.insert(), seen)


async def test_what_single_steps_did_is_read_at_one_step_in_all_panels_and_large(
    open_app: OpenApp, store: Path
) -> None:
    _look_at_steps(store, COMPLETE + 1)
    async with open_app(size=LARGE) as pilot:
        await _open_number(pilot, COMPLETE)
        await until(pilot, lambda: "layer 6" in _drawn(pilot, "steps"))
        rows = {line.split()[0]: line.split()[-1] for line in _drawn(pilot, "steps").splitlines()}
        assert (rows["loss"], rows["rate"]) == ("0.010", "×0.00")
        assert (rows["embeddings"], rows["heads"]) == ("1e-4", "1e-1")
        assert _shown(pilot) == [name for name in PANELS if name != "classes"]

        await pilot.press("end")
        await until(pilot, lambda: "step 200 · stage 2" in _drawn(pilot, "learning"))
        await until(pilot, lambda: "step 200 · stage 2" in _drawn(pilot, "steps"))
        await pilot.press("3", "left", "left")  # the keys go to the steps, which are large now
        await until(pilot, lambda: "step 192 · stage 2" in _drawn(pilot, "steps"))
        loss = next(line for line in _drawn(pilot, "steps").splitlines() if "loss" in line)
        assert loss.split()[-1] == f"{2 / 192:.3f}"
        await pilot.press("3")
        await until(pilot, lambda: "step 192 · stage 2" in _drawn(pilot, "learning"))

        await pilot.press("2")
        await until(pilot, lambda: pilot.app.screen.maximized is _panel(pilot, "layers"))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.maximized is None)
        assert isinstance(pilot.app.screen, TrialScreen)


@pytest.mark.action("trial", "write_note")
async def test_what_was_said_and_noted_of_it_and_what_nobody_looked_at_takes_no_room(
    open_app: OpenApp, store: Path
) -> None:
    text = "#10 was looked at"
    write_log(open_store(str(store)), "warning", text, run_id=COMPLETE + 1)
    async with open_app(size=LARGE) as pilot:
        await _open_number(pilot, COMPLETE)
        await until(pilot, lambda: "steps" not in _shown(pilot))
        layers, learning = (_panel(pilot, name).outer_size for name in ("layers", "learning"))
        assert layers.height == learning.height

        table = pilot.app.screen.query_one(LogTable)
        await until(pilot, lambda: text in [line.text for line in table.items])
        assert {line.run_id for line in table.items} == {COMPLETE + 1}

        await pilot.press("N")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(Input).value = "keeps the old"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
        await until(
            pilot, lambda: "keeps the old" in str(_panel(pilot, "learning").border_subtitle)
        )


@pytest.fixture
def failed(store: Path, backbone: Path, tasks: Path, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """Return the failed trial, of data and a model that are there; no worker will take it."""
    monkeypatch.setattr(control, "start_workers", lambda _: None)
    opened = open_store(str(store))
    spec = msgspec.structs.replace(
        get_run(opened, FAILED + 1).spec,
        sequence=("mood", "topic"),
        data=str(tasks),
        model=str(backbone),
        learning_rates=(1e-5,) * 4,
        protocol=Protocol(),
        device="cpu",
    )
    with opened.writing() as connection:
        text = msgspec.json.encode(spec).decode()
        connection.execute(update(run).where(run.c.id == FAILED + 1).values(spec=text))
    return get_run(opened, FAILED + 1)


@pytest.mark.action("trial", "retry")
@pytest.mark.action("study", "retry")
@pytest.mark.parametrize("place", ["trial", "study"])
async def test_a_failed_trial_is_queued_again(
    place: str, open_app: OpenApp, store: Path, failed: RunRecord
) -> None:
    opened = open_store(str(store))
    async with open_app(size=SMALL) as pilot:
        if place == "trial":
            await _open_number(pilot, FAILED)
            await until(pilot, lambda: "failed" in _top(pilot))
        else:
            table = await _enter(pilot)
            await pilot.press("G")
            await until(pilot, lambda: table.current and table.current.number == FAILED)
        await pilot.press("R")
        await until(pilot, lambda: get_run(opened, failed.id).state == "queued", patience=120)
        assert get_run(opened, failed.id).spec == failed.spec


async def test_a_run_of_the_arena_is_opened_from_its_cell(
    open_app: OpenApp, arena_store: Path
) -> None:
    async with open_app(arena_store) as pilot:
        await until(pilot, lambda: pilot.app.screen_stack)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
        await until(pilot, lambda: not pilot.app.screen.has_class("-empty"))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen.query_one("RunsTable").has_focus)
        await pilot.press("enter")
        await _opened(pilot)
        assert "Arena" in _top(pilot)
        assert "seed" in _top(pilot)
