"""Home: what is shown of the studies, and what the keys do to them."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Static

from bertcl_tui.combine.screen import CombineScreen
from bertcl_tui.kit.dialogs import ConfirmScreen
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.store import control
from bertcl_tui.store.reader import Reader
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.workers.log_table import LogPanel
from bertcl_tui.workers.panel import WorkersPanel
from engine.spec import StudySpec
from engine.store.connection import open_store
from engine.store.deletion import hide_studies
from engine.store.run_states import release_run
from engine.store.studies import control_study, create_study, find_study
from engine.store.workers import end_worker, write_log
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import DONE, LIVE, PAUSED, empty_store


def _table(pilot: Pilot[None]) -> StudiesTable:
    return pilot.app.screen_stack[0].query_one(StudiesTable)


async def _ready(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: _table(pilot).items)


def _names(pilot: Pilot[None]) -> list[str]:
    return [item.name for item in _table(pilot).items]


def _desired(store: Path, name: str) -> str:
    return find_study(open_store(str(store)), name).desired


def _text(pilot: Pilot[None], kind: type[Chart | LogPanel | StudiesTable]) -> str:
    widget = pilot.app.screen.query(kind).first()
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


async def test_every_study_with_its_numbers(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        _, live, done, paused, *_ = _text(pilot, StudiesTable).splitlines()
        assert live.split()[:3] == ["▶", "running", LIVE]
        assert "30/60" in live
        assert done.split()[1:4] == ["complete", DONE, "12/12"]
        assert paused.split() == ["‖", "paused", PAUSED, "0/50", "0", "0", "–", "–", "–"]


async def test_the_running_trial_is_watched(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        chart = pilot.app.screen.query_one("#watched", Chart)
        assert chart.border_title == "Accuracy ─ running #30 ─ step 146 of 200"
        assert chart.border_subtitle == "5 s left · 11 st/s · 7.6k tok/s"
        await until(pilot, lambda: "privacy-qa 0.647" in _text(pilot, Chart))


async def test_another_study_is_watched_with_its_best_trial(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        chart = pilot.app.screen.query_one("#watched", Chart)
        await pilot.press("j")
        await until(pilot, lambda: chart.border_title == "Accuracy ─ best #9")
        await pilot.press("j")
        await until(pilot, lambda: "No trial yet." in _text(pilot, Chart))


async def test_workers_and_log(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        assert pilot.app.screen.query_one(WorkersPanel).border_title == "Workers ─ 1"
        assert "#30 begins · rotten-tomatoes" in _text(pilot, LogPanel)


async def test_a_worker_at_a_run_of_the_arena_says_which(
    open_app: OpenApp, arena_store: Path
) -> None:
    async with open_app(arena_store) as pilot:
        await _ready(pilot)
        panel = pilot.app.screen.query_one("WorkersPanel Static", Static)
        await until(pilot, lambda: "published on rte:mrpc" in str(panel.render()))
        assert "50%" in str(panel.render())


async def test_an_empty_store_says_what_to_press(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(empty_store(tmp_path / "empty.db")) as pilot:
        await until(pilot, lambda: pilot.app.screen.has_class("-empty"))
        welcome = pilot.app.screen.query_one("#welcome")
        assert welcome.display
        assert "Press n to set one up" in str(welcome.render())


async def test_the_first_study_can_be_opened_at_once(open_app: OpenApp, tmp_path: Path) -> None:
    path = empty_store(tmp_path / "empty.db")
    async with open_app(path) as pilot:
        await until(pilot, lambda: pilot.app.screen.has_class("-empty"))
        spec = StudySpec(name="a:b", sequence=("a", "b"), data="hub", model="m")
        create_study(open_store(str(path)), spec)
        await _ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))


async def test_no_store_is_made_by_looking(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(tmp_path / "none.db") as pilot:
        await until(pilot, lambda: pilot.app.screen.has_class("-empty"))
    assert not (tmp_path / "none.db").exists()


async def test_what_is_written_is_shown(open_app: OpenApp, store: Path) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        release_run(open_store(str(store)), 43, 1, state="paused", busy_seconds=3.0)
        await until(pilot, lambda: _table(pilot).items[0].counts.get("queued"))


@pytest.mark.action("studies", "pause_or_resume")
async def test_p_pauses_and_resumes(open_app: OpenApp, store: Path) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("p")
        await until(pilot, lambda: _table(pilot).items[0].desired == "paused")
        assert _desired(store, LIVE) == "paused"
        assert "pausing" in _text(pilot, StudiesTable)
        await pilot.press("p")
        await until(pilot, lambda: _table(pilot).items[0].desired == "running")
        assert _desired(store, LIVE) == "running"


async def test_p_starts_a_worker_where_work_waits_and_none_lives(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(control, "start_workers", started.append)  # a process is too much here
    end_worker(open_store(str(store)), 1)
    async with open_app() as pilot:
        await _ready(pilot)
        assert _table(pilot).items[0].state == "lost"
        panel = pilot.app.screen.query_one("WorkersPanel Static")
        assert "1 study without a worker" in str(panel.render())
        await pilot.press("p")
        await until(pilot, lambda: started)
    assert started == [str(store)]
    assert _desired(store, LIVE) == "running"


async def test_a_complete_study_cannot_go_on(open_app: OpenApp, store: Path) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("j", "p")
        await pilot.pause()
        assert _desired(store, DONE) == "running"
        assert any("is complete" in note.message for note in pilot.app._notifications)


async def test_the_cursor_is_on_the_study_that_one_comes_from(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        # meanwhile another one is gone, and the lines moved
        hide_studies(open_store(str(store)), [find_study(open_store(str(store)), LIVE).id])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        await until(pilot, lambda: _names(pilot) == [DONE, PAUSED])
        current = _table(pilot).current
        assert current is not None
        assert (current.name, _table(pilot).has_focus) == (DONE, True)


@pytest.mark.action("studies", "stop_study")
@pytest.mark.action("dialog", "back")
async def test_s_asks_before_it_stops(open_app: OpenApp, store: Path) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        assert _desired(store, LIVE) == "running"
        await pilot.press("s", "y")
        await until(pilot, lambda: _table(pilot).items[0].desired == "stopped")
        assert _desired(store, LIVE) == "stopped"


async def test_enter_on_the_question_cancels(open_app: OpenApp, store: Path) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("s", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        assert _desired(store, LIVE) == "running"


@pytest.mark.action("studies", "delete_study")
async def test_delete_asks_then_deletes(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("j", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: _names(pilot) == [LIVE, PAUSED])


@pytest.mark.action("studies", "filter")
async def test_a_filter_narrows_and_escape_widens(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("slash", *"mrpc")
        await until(pilot, lambda: _names(pilot) == [DONE, PAUSED])
        await pilot.press("enter")
        assert pilot.app.focused is _table(pilot)
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(_names(pilot)) == 3)
        assert pilot.app.focused is _table(pilot)


async def test_a_wrong_filter_says_so_and_the_last_right_one_holds(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "state:complete"
        await until(pilot, lambda: _names(pilot) == [DONE])
        pilot.app.screen.query_one(Input).value = "state:done"
        await pilot.pause()
        wrong = pilot.app.screen.query_one("#wrong")
        assert str(wrong.render()).startswith("no state 'done'; it is one of queued, running")
        assert _names(pilot) == [DONE]


@pytest.mark.action("table", "open")
@pytest.mark.action("study", "back")
@pytest.mark.parametrize("key", ["enter", "l", "right"])
async def test_enter_opens_and_escape_comes_back(open_app: OpenApp, key: str) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))


@pytest.mark.action("studies", "new_study")
async def test_n_opens_the_form(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))


@pytest.mark.action("studies", "combine")
async def test_c_opens_the_combination(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CombineScreen))


@pytest.mark.action("table", "cursor_up", "cursor_down", "first", "last", "page_up", "page_down")
async def test_moves_among_studies(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        places = []
        for key in ("j", "k", "G", "g", "pagedown", "pageup"):
            await pilot.press(key)
            places.append(_table(pilot).cursor)
        assert places == [1, 0, 2, 0, 2, 0]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 12)])
async def test_every_size_can_be_drawn(open_app: OpenApp, size: tuple[int, int]) -> None:
    async with open_app(size=size) as pilot:
        await _ready(pilot)
        assert "running" in _text(pilot, StudiesTable)


@pytest.mark.action("studies", "why")
async def test_the_reason_of_a_failed_study_is_a_key_away(open_app: OpenApp, store: Path) -> None:
    reason = "the folder /data/of/somebody/else is gone; " * 4
    opened = open_store(str(store))
    control_study(opened, find_study(opened, PAUSED).id, "paused", reason)
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("G")
        await until(pilot, lambda: "failed: the folder" in str(_table(pilot).border_subtitle))
        await pilot.press("w")
        await until(pilot, lambda: pilot.app._notifications)
        assert [note.message for note in pilot.app._notifications] == [
            f"failed: {reason}; p lets it go on"
        ]


async def test_what_did_not_change_is_not_painted_again(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store(str(store))
    painted: set[str] = set()
    refresh = Widget.refresh

    def watched(widget: Widget, *regions: Region, **how: bool) -> Widget:
        painted.add(type(widget).__name__)
        return refresh(widget, *regions, **how)

    async with open_app() as pilot:
        await _ready(pilot)
        await until(pilot, lambda: "privacy-qa 0.647" in _text(pilot, Chart))
        for number in range(6):
            if number == 1:
                monkeypatch.setattr(Widget, "refresh", watched)
            write_log(opened, "info", f"said {number}", worker_id=1)
            await until(pilot, lambda number=number: f"said {number}" in _text(pilot, LogPanel))  # type: ignore[misc]
        assert painted == {"LogPanel"}


async def test_names_that_differ_at_their_ends_do_so_where_there_is_little_room(
    open_app: OpenApp, store: Path
) -> None:
    spec = find_study(open_store(str(store)), DONE).spec
    for end in ("flat", "llrd"):
        create_study(open_store(str(store)), replace(spec, name=f"{'long-name:' * 5}{end}"))
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        text = _text(pilot, StudiesTable)
        assert "long-name:flat" in text
        assert "long-name:llrd" in text
        assert "ETA" not in text


async def test_a_study_that_is_deleted_between_two_readings_is_not_watched(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = StudiesScreen(reader)
    assert screen.read().watched is not None
    monkeypatch.setattr(reader, "curves", lambda run_ids: ())
    assert screen.read().watched is None
