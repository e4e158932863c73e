"""Home: what is shown of the studies, and what the keys do to them."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Static

from bertcl_tui.combine.screen import CombineScreen
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.store import control
from bertcl_tui.store.reader import Reader
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.keys import KeyBar
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
from tests.recorded import DONE, LIVE, PAUSED


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


@pytest.mark.action("table", "cursor_up", "cursor_down", "first", "last", "page_up", "page_down")
async def test_every_study_with_its_numbers_a_trial_that_is_watched_workers_and_log(
    open_app: OpenApp,
) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        _, live, done, paused, *_ = _text(pilot, StudiesTable).splitlines()
        assert live.split()[:3] == ["▶", "running", LIVE]
        assert "30/60" in live
        assert done.split()[1:4] == ["complete", DONE, "12/12"]
        assert paused.split() == ["‖", "paused", PAUSED, "0/50", "0", "0", "–", "–", "–"]
        assert pilot.app.screen.query_one(WorkersPanel).border_title == "Workers ─ 1"
        assert "#30 begins · rotten-tomatoes" in _text(pilot, LogPanel)

        chart = pilot.app.screen.query_one("#watched", Chart)
        assert chart.border_title == "Accuracy ─ running #30 ─ step 146 of 200"
        assert chart.border_subtitle == "5 s left · 11 st/s · 7.6k tok/s"
        await until(pilot, lambda: "privacy-qa 0.647" in _text(pilot, Chart))
        await pilot.press("j")
        await until(pilot, lambda: chart.border_title == "Accuracy ─ best #9")
        await pilot.press("j")
        await until(pilot, lambda: "No trial yet." in _text(pilot, Chart))

        await pilot.press("g")
        places = []
        for key in ("j", "k", "G", "g", "pagedown", "pageup"):
            await pilot.press(key)
            places.append(_table(pilot).cursor)
        assert places == [1, 0, 2, 0, 2, 0]

        for size in ((40, 12), (80, 24), (200, 60)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: pilot.app.screen.size == size)  # type: ignore[misc]
            assert "running" in _text(pilot, StudiesTable)


async def test_where_no_study_is_it_says_what_to_press_and_the_first_can_be_opened_at_once(
    open_app: OpenApp, tmp_path: Path
) -> None:
    path = tmp_path / "none.db"
    async with open_app(path) as pilot:
        await until(pilot, lambda: pilot.app.screen.has_class("-empty"))
        welcome = pilot.app.screen.query_one("#welcome")
        assert welcome.display
        assert "Press n to set one up" in str(welcome.render())
        await pilot.press("colon")
        await until(pilot, lambda: welcome not in pilot.app.screen.walk_children())
        await pilot.press("escape")
        await until(pilot, lambda: welcome in pilot.app.screen.walk_children())
        await pilot.pause()
        assert pilot.app.focused is None  # the table is there, but hidden
        assert "mark" not in pilot.app.screen.query_one(KeyBar).render_line(0).text
        assert not path.exists(), "none is made by looking"
        spec = StudySpec(name="a:b", sequence=("a", "b"), data="hub", model="m")
        create_study(open_store(str(path)), spec)
        await _ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))


@pytest.mark.action("studies", "pause_or_resume")
async def test_p_pauses_and_resumes_what_is_not_complete_and_starts_a_worker_where_none_lives(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(control, "start_workers", started.append)  # a process is too much here
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("j", "p")
        await pilot.pause()
        assert _desired(store, DONE) == "running"
        assert any("is complete" in note.message for note in pilot.app._notifications)
        await pilot.press("k")
        await pilot.press("p")
        await until(pilot, lambda: _table(pilot).items[0].desired == "paused")
        assert _desired(store, LIVE) == "paused"
        assert "pausing" in _text(pilot, StudiesTable)
        await pilot.press("p")
        await until(pilot, lambda: _table(pilot).items[0].desired == "running")
        assert _desired(store, LIVE) == "running"
        assert not _table(pilot).items[0].counts.get("queued")

        started.clear()
        end_worker(open_store(str(store)), 1)
        await until(pilot, lambda: _table(pilot).items[0].state == "lost")
        panel = pilot.app.screen.query_one("WorkersPanel Static", Static)
        await until(pilot, lambda: "1 study without a worker" in str(panel.render()))
        await pilot.press("p")
        await until(pilot, lambda: started)
        assert started == [str(store)]
        assert _desired(store, LIVE) == "running"
        release_run(open_store(str(store)), 43, 1, state="paused", busy_seconds=3.0)
        await until(pilot, lambda: _table(pilot).items[0].counts.get("queued"))


@pytest.mark.action("table", "open")
@pytest.mark.action("study", "back")
@pytest.mark.action("studies", "new_study", "combine")
async def test_keys_open_a_study_the_form_and_the_combination_and_escape_comes_back(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        for key, opened in (
            ("l", StudyScreen),
            ("n", NewStudyScreen),
            ("c", CombineScreen),
        ):
            await pilot.press(key)
            await until(pilot, lambda opened=opened: isinstance(pilot.app.screen, opened))  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
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


@pytest.mark.action("studies", "filter", "back")
async def test_a_filter_narrows_escape_widens_and_a_wrong_one_says_so(open_app: OpenApp) -> None:
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("slash", *"mrpc")
        await until(pilot, lambda: _names(pilot) == [DONE, PAUSED])
        for keys in (("escape",), ("slash", "escape")):
            await pilot.press("enter")
            assert pilot.app.focused is _table(pilot)
            await pilot.press(*keys)
            await until(pilot, lambda: len(_names(pilot)) == 3)
            assert pilot.app.focused is _table(pilot)
            await pilot.press("slash")
            pilot.app.screen.query_one(Input).value = "mrpc"
            await until(pilot, lambda: _names(pilot) == [DONE, PAUSED])
        await pilot.press("enter", "v", "j", "escape")
        assert not _table(pilot).ranging
        assert _names(pilot) == [DONE, PAUSED]
        await pilot.press("escape")

        await pilot.press("slash")  # where it is wrong, the last right one holds
        pilot.app.screen.query_one(Input).value = "state:complete"
        await until(pilot, lambda: _names(pilot) == [DONE])
        pilot.app.screen.query_one(Input).value = "state:done"
        await pilot.pause()
        wrong = pilot.app.screen.query_one("#wrong")
        assert str(wrong.render()).startswith("no state 'done'; it is one of queued, running")
        assert _names(pilot) == [DONE]


@pytest.mark.action("studies", "why")
async def test_names_that_differ_do_so_where_room_is_scarce_and_why_one_failed_is_a_key_away(
    open_app: OpenApp, store: Path
) -> None:
    reason = "the folder /data/of/somebody/else is gone; " * 4
    opened = open_store(str(store))
    control_study(opened, find_study(opened, PAUSED).id, "paused", reason)
    for end in ("flat", "llrd"):
        spec = replace(find_study(opened, DONE).spec, name=f"{'long-name:' * 5}{end}")
        create_study(opened, spec)
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        text = _text(pilot, StudiesTable)
        assert "long-name:flat" in text
        assert "long-name:llrd" in text
        assert "ETA" not in text

        _table(pilot).cursor = _names(pilot).index(PAUSED)
        await until(pilot, lambda: "failed: the folder" in str(_table(pilot).border_subtitle))
        await pilot.press("w")
        await until(pilot, lambda: pilot.app._notifications)
        assert [note.message for note in pilot.app._notifications] == [
            f"failed: {reason}; p lets it go on"
        ]
        table = _table(pilot)
        table.show(
            [replace(item, counts={"complete": 9_999}, target=10_000) for item in table.items]
        )
        assert "9999/10000" in table.render_line(1).text


async def test_a_name_has_the_room_that_others_do_not_need(open_app: OpenApp, store: Path) -> None:
    opened = open_store(str(store))
    name = "medical-subject:rotten-tomatoes"
    create_study(opened, replace(find_study(opened, DONE).spec, name=name), desired="paused")
    async with open_app(size=(120, 40)) as pilot:
        await _ready(pilot)
        await until(pilot, lambda: name in _text(pilot, StudiesTable))
        assert "ETA" in _text(pilot, StudiesTable)
        hide_studies(opened, [find_study(opened, LIVE).id])  # the only one that runs
        await until(pilot, lambda: len(_names(pilot)) == 3)
        assert "ETA" not in _text(pilot, StudiesTable)
        await pilot.press("space")
        await until(pilot, lambda: "◉" in _text(pilot, StudiesTable))
        assert name in _text(pilot, StudiesTable)


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


async def test_the_trial_that_a_row_calls_the_best_is_the_one_that_is_watched(
    open_app: OpenApp, store: Path
) -> None:
    """Of trials with the same p that is the first, also where another one forgot less."""
    opened = open_store(str(store))
    with opened.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE cl_run SET (p, p_o, p_s, forgetting) = (SELECT p, p_o, p_s, forgetting + 0.1"
            " FROM cl_run WHERE study_id = 2 AND number = 9) WHERE study_id = 2 AND number = 4"
        )
    opened.close()
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("j")
        chart = pilot.app.screen.query_one("#watched", Chart)
        await until(pilot, lambda: str(chart.border_title).startswith("Accuracy ─ best"))
        best = _table(pilot).items[1].best
        assert best is not None
        assert (best.number, chart.border_title) == (4, "Accuracy ─ best #4")


async def test_a_study_that_is_deleted_between_two_readings_is_not_watched(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = StudiesScreen(reader)
    assert screen.read().watched is not None
    monkeypatch.setattr(reader, "curves", lambda run_ids: ())
    assert screen.read().watched is None
