"""Shifts: a task is looked at in a process of its own, and shown as it is found."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from bertcl_tui.actions.action import active_in
from bertcl_tui.app.app import BertclApp
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.shifts.facts import Found
from bertcl_tui.shifts.screen import ShiftsScreen
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.inputs import FieldRow
from engine.spec import Protocol, StudySpec
from engine.store.connection import open_store
from engine.store.studies import create_study
from engine.tasks.shift_findings import Question
from tests.bertcl_tui.waiting import until
from tests.shift_findings import keep_findings

LONG = 300.0
"""Seconds within which a model is loaded on a busy machine."""

pytestmark = pytest.mark.app


@pytest.fixture
def question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Question:
    """Return a question whose findings are kept: no model is loaded."""
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    return keep_findings(tmp_path)


def study_store(path: Path, data: str, model: str, **protocol: object) -> Path:
    """Make a store with one study, paused, on topic:mood."""
    spec = StudySpec(
        name="topics",
        sequence=("topic", "mood"),
        data=data,
        model=model,
        protocol=Protocol(**protocol),  # type: ignore[arg-type]
    )
    store = open_store(str(path))
    create_study(store, spec)
    store.close()
    return path


@asynccontextmanager
async def shifts_of(
    store: Path, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Pilot[None], ShiftsScreen]]:
    """Open the app over a store, and from its study the shifts."""
    app = BertclApp(str(store))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, StudiesScreen) and app.screen.focused)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, ShiftsScreen))
        assert isinstance(app.screen, ShiftsScreen)
        yield pilot, app.screen


def found(screen: ShiftsScreen) -> Found:
    assert screen.found is not None
    return screen.found


async def whole(pilot: Pilot[None], screen: ShiftsScreen) -> None:
    await until(pilot, lambda: screen.found is not None and screen.found.is_whole, patience=LONG)


def looking(pilot: Pilot[None]) -> bool:
    return any(worker.group == "look" and worker.is_running for worker in pilot.app.workers)


def told(pilot: Pilot[None], text: str) -> bool:
    return any(text in each.message for each in pilot.app._notifications)


def title(screen: ShiftsScreen, chart: str) -> str:
    widget = screen.query_one(f"#{chart}", Chart)
    return f"{widget.border_title} · {widget.border_subtitle or ''}"


def drawn(screen: ShiftsScreen, chart: str) -> str:
    widget = screen.query_one(f"#{chart}", Chart)
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


@pytest.mark.action("studies", "open_shifts")
@pytest.mark.action("shifts", "turn_plane", "write_picture")
async def test_the_shifts_of_the_study_under_the_cursor_are_shown_and_written_as_a_picture(
    question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    store = study_store(tmp_path / "s.db", question.data, question.model)
    async with shifts_of(store) as (pilot, screen):
        await whole(pilot, screen)
        assert found(screen).question == Question(
            task="topic", data=question.data, model=question.model
        )
        await until(pilot, lambda: "short 32" in drawn(screen, "lengths"))
        assert title(screen, "lengths").startswith("Length ─ cut at 6 tokens")
        await until(pilot, lambda: "● cluster0 20  ▲ cluster1 10" in drawn(screen, "clusters"))
        await until(pilot, lambda: "● goal 10  ▲ soup 10  ■ moon 10" in drawn(screen, "labels"))
        assert "30 of 64 clustered rows" in title(screen, "clusters")
        assert "adjusted Rand index 0.12" in title(screen, "labels")
        inside = {node.PLACE for node in screen.query("*") if hasattr(node, "PLACE")}
        assert inside <= active_in(screen.PLACE), "keys are held apart"

        assert "t-SNE" in title(screen, "clusters")
        await pilot.press("p")
        assert "PCA, 41% of variance" in title(screen, "clusters")
        await pilot.press("p")
        assert "t-SNE" in title(screen, "clusters")

        await pilot.press("e")
        form = pilot.app.screen
        assert isinstance(form, FormScreen)
        form.query_one(FieldRow).text = "mine.pdf"
        await pilot.pause()
        assert "must end in .svg or .png" in str(form.query_one("#remark", Static).content)
        form.query_one(FieldRow).text = "mine.svg"
        await pilot.press("enter")
        picture = tmp_path / "here" / "mine.svg"
        await until(pilot, lambda: told(pilot, str(picture)), patience=LONG)
        assert picture.read_bytes().startswith(b"<?xml")

        await pilot.resize_terminal(80, 24)
        facts = screen.query_one("#facts", Static)
        await until(pilot, lambda: screen.size == (80, 24) and facts.size.height >= 5)
        for chart in ("lengths", "clusters", "labels"):
            await until(pilot, lambda chart=chart: drawn(screen, chart).strip())  # type: ignore[misc]
            assert "needs" not in drawn(screen, chart)


@pytest.mark.action("shifts", "search_shift")
async def test_a_search_is_set_up_on_the_shift_under_the_cursor(
    question: Question, tmp_path: Path
) -> None:
    store = study_store(
        tmp_path / "s.db", question.data, question.model, max_length=64, length_split="authors"
    )
    async with shifts_of(store) as (pilot, _):
        await pilot.press("j", "n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
        form = pilot.app.screen
        assert isinstance(form, NewStudyScreen)
        texts = {row.field.name: row.text for row in form.query(FieldRow)}
        assert texts["sequence"] == "topic/long:topic/short"
        assert (texts["data"], texts["model"]) == (question.data, question.model)
        assert (texts["preset"], texts["max_length"]) == ("original-code", "64")
        await until(pilot, lambda: form.findings.tasks)
        assert form.query_one("#sequence", FieldRow).trouble is None


@pytest.mark.action("shifts", "choose_task", "back")
@pytest.mark.process
async def test_another_task_is_chosen(question: Question, tmp_path: Path) -> None:
    store = study_store(tmp_path / "s.db", question.data, question.model)
    async with shifts_of(store) as (pilot, screen):
        await whole(pilot, screen)
        await pilot.press("t")
        form = pilot.app.screen
        assert isinstance(form, FormScreen)
        form.query_one("#task", FieldRow).text = "moot"
        await pilot.pause()
        assert "did you mean 'mood'" in str(form.query_one("#remark", Static).content)
        form.query_one("#task", FieldRow).text = "mood"
        await pilot.press("enter")
        await until(pilot, lambda: found(screen).question.task == "mood")
        assert found(screen).lengths is None
        await until(pilot, lambda: "counting tokens…" in drawn(screen, "lengths"))
        # leaving ends the process that looks
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        await until(pilot, lambda: not looking(pilot), patience=LONG)


@pytest.mark.process
@pytest.mark.usefixtures("forked")
async def test_a_task_is_looked_at_while_the_screen_stays_awake(
    backbone: Path, tasks: Path, tmp_path: Path
) -> None:
    store = study_store(tmp_path / "s.db", str(tasks), str(backbone))
    async with shifts_of(store) as (pilot, screen):
        await until(pilot, lambda: "counting tokens…" in drawn(screen, "lengths"))
        await pilot.press("j")
        await whole(pilot, screen)
        assert found(screen).progress is None
        assert "cut at 6 tokens" in title(screen, "lengths")
        assert "t-SNE" in title(screen, "clusters")


async def test_what_cannot_be_looked_at_is_said_where_it_would_be(
    question: Question, tasks: Path, tmp_path: Path
) -> None:
    store = study_store(tmp_path / "s.db", str(tasks), question.model)
    async with shifts_of(store) as (pilot, screen):
        await until(
            pilot,
            lambda: "✗ the tokenizer of model folder" in drawn(screen, "lengths"),
            patience=LONG,
        )


async def test_a_study_whose_data_are_gone_says_so(question: Question, tmp_path: Path) -> None:
    store = study_store(tmp_path / "s.db", str(tmp_path / "gone.toml"), question.model)
    async with shifts_of(store) as (pilot, screen):
        await until(pilot, lambda: "✗ no data" in drawn(screen, "lengths"))
        await until(pilot, lambda: pilot.app._notifications)
