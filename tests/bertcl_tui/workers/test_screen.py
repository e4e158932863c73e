"""Workers and log: who works, what waits, what was said, and what the keys do about it."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import update
from textual.pilot import Pilot
from textual.widgets import Input, Static

from bertcl_tui.app.app import BertclApp
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.trial.screen import TrialScreen
from bertcl_tui.workers import log_view
from bertcl_tui.workers.load_panel import LoadPanel
from bertcl_tui.workers.log_table import FileTailScreen, LogTable
from bertcl_tui.workers.log_view import LogView
from bertcl_tui.workers.screen import WorkersScreen
from bertcl_tui.workers.table import WaitingTable, WorkersTable
from engine.store.connection import open_store
from engine.store.measurements import Progress, Spent, record_progress
from engine.store.schema import worker
from engine.store.studies import find_study
from engine.store.workers import Level, end_worker, living_workers, register_worker, write_log
from engine.work.processes import identity_of
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE, RUNNING, WORKER, empty_store


async def _opened(pilot: Pilot[None]) -> WorkersScreen:
    await pilot.press("W")
    await until(pilot, lambda: isinstance(pilot.app.screen, WorkersScreen))
    screen = pilot.app.screen
    assert isinstance(screen, WorkersScreen)
    await until(pilot, lambda: screen.query_one(LogView).border_subtitle)
    return screen


def _say(store: Path, *texts: str, level: Level = "info", run_id: int | None = None) -> None:
    opened = open_store(str(store))
    for text in texts:
        write_log(opened, level, text, worker_id=WORKER, run_id=run_id)
    opened.close()


def _lines(screen: WorkersScreen) -> list[str]:
    return [line.text for line in screen.query_one(LogTable).items]


def _under_cursor(screen: WorkersScreen) -> str:
    line = screen.query_one(LogTable).current
    return "" if line is None else line.text


async def _to_log(pilot: Pilot[None]) -> None:
    pilot.app.screen.query_one(LogTable).focus()
    await pilot.pause()


@pytest.mark.action("app", "open_workers")
@pytest.mark.action("work", "back")
async def test_who_works_and_what_waits(open_app: OpenApp, store: Path) -> None:
    async with open_app(size=(160, 40)) as pilot:
        screen = await _opened(pilot)
        await pilot.press("W")  # where one is already
        assert pilot.app.screen_stack[1:] == [screen]
        (line,) = screen.query_one(WorkersTable).items
        table = screen.query_one(WorkersTable)
        told = table.render_line(1).text.split()
        assert told[:3] == ["▶", "running", "cuda:0"]
        assert {"#30", LIVE, "73%", "143", "87"} <= set(told)
        assert line.row.eta == pytest.approx(54 / 10.8)
        assert not screen.query_one("#who").border_subtitle
        opened = open_store(str(store))
        spent = Spent(learning=62.0, measuring=30.0, waiting=8.0, ideal=25.42)
        record_progress(opened, RUNNING, WORKER, Progress(step=147, steps=200, spent=spent))
        shares = "learning 62 % · measuring 30 % · waiting 8 %, 41 % of this machine's rate"
        await until(pilot, lambda: screen.query_one("#who").border_subtitle == shares)
        names = [(item.name, item.waits) for item in screen.query_one(WaitingTable).items]
        assert names[0] == (LIVE, "29 to come")
        await until(
            pilot, lambda: "cpu" in str(screen.query_one("#of-machine", LoadPanel).render())
        )
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, WorkersScreen))


@pytest.mark.action("work", "next_span")
async def test_how_busy_the_worker_under_the_cursor_was_and_for_how_long(
    open_app: OpenApp,
) -> None:
    async with open_app(size=(120, 40)) as pilot:
        screen = await _opened(pilot)
        panel = screen.query_one("#of-worker", LoadPanel)
        app = pilot.app
        assert isinstance(app, BertclApp)
        row = screen.query_one(WorkersTable).items[0].row
        for second, cpu in ((2, 160.0), (4, 142.0)):
            later = replace(row, cpu_percent=cpu, heartbeat_at=row.heartbeat_at + second)
            app.loads.add_workers([later])
        await until(pilot, lambda: "142 %" in str(panel.render()))
        assert panel.border_title == f"Worker {row.pid} ─ cuda:0 ─ {row.host}"
        told = str(panel.render()).splitlines()
        assert told[0].split()[:3] == ["cpu", "142", "%"]
        assert told[1].split()[:3] == ["max", "160", "%"]
        for span in ("10 min", "1 h 00", "2 min"):
            await pilot.press("t")
            await until(pilot, lambda span=span: f"−{span} ─" in str(panel.render()))  # type: ignore[misc]


async def test_where_nobody_works_it_says_what_to_press(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(empty_store(tmp_path / "empty.db")) as pilot:
        screen = await _opened(pilot)
        said = screen.query_one("#who > .nothing", Static)
        assert said.display
        assert "Press n to start a worker" in str(said.render())


@pytest.mark.action("work", "pause_or_resume")
@pytest.mark.action("workers", "stop_worker")
async def test_a_worker_is_told_to_rest_to_go_on_and_to_end_and_one_that_is_gone_goes(
    open_app: OpenApp, store: Path
) -> None:
    opened = open_store(str(store))
    here = identity_of()
    gone = type(here)(host=here.host, pid=here.pid, process_start=1.0)
    lost = register_worker(opened, gone, device="cpu", threads=1, log_file=None)
    with opened.writing() as connection:
        heard = worker.c.heartbeat_at - 600.0
        connection.execute(
            update(worker).where(worker.c.id == lost).values(heartbeat_at=heard, cpu_percent=90.0)
        )

    def desired_now() -> str:
        return living_workers(opened)[0].desired

    async with open_app() as pilot:
        screen = await _opened(pilot)
        table = screen.query_one(WorkersTable)
        await pilot.press("j")
        assert "lost" in table.render_line(2).text
        graph = screen.query_one("#of-worker", LoadPanel)
        await until(pilot, lambda: "10 min ago" in str(graph.render()))
        await pilot.press("s")
        await until(pilot, lambda: len(table.items) == 1)
        await until(pilot, lambda: _lines(screen)[-1] == f"worker {here.pid} on cpu died")

        for key, desired, word in (
            ("p", "paused", "pausing"),
            ("p", "running", "running"),
            ("s", "stopped", "stopping"),
        ):
            await pilot.press(key)
            await until(pilot, lambda desired=desired: desired_now() == desired)  # type: ignore[misc]
            await until(pilot, lambda word=word: word in table.render_line(1).text)  # type: ignore[misc]


@pytest.mark.action("workers", "start_worker")
async def test_a_worker_is_started_with_device_and_threads(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int, int]] = []

    def start(_: str, device: str, threads: int, stack: int) -> None:  # a process is too much here
        asked.append((device, threads, stack))

    monkeypatch.setattr("bertcl_tui.app.controls.add_worker", start)
    async with open_app() as pilot:
        await _opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        device, threads, stack = pilot.app.screen.query(Input)
        device.value, threads.value, stack.value = "cpu", "3", "8"
        await until(
            pilot,
            lambda: (
                "on cpu with 3 threads"
                in str(pilot.app.screen.query_one("#remark", Static).render())
            ),
        )
        await pilot.press("enter")
        await until(pilot, lambda: asked == [("cpu", 3, 8)])


async def test_enter_opens_what_is_learnt_what_waits_and_what_a_line_is_about_and_p_pauses_it(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bertcl_tui.store.control.start_workers", lambda _: None)
    _say(store, "something about the run", run_id=RUNNING)
    async with open_app() as pilot:
        screen = await _opened(pilot)
        for kind, opened in (
            (WorkersTable, TrialScreen),
            (WaitingTable, StudyScreen),
            (LogTable, TrialScreen),
        ):
            screen.query_one(kind).focus()
            await pilot.press("enter")
            await until(pilot, lambda opened=opened: isinstance(pilot.app.screen, opened))  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is screen)

        table = screen.query_one(WaitingTable)
        table.focus()
        place = next(i for i, line in enumerate(table.items) if not line.goes_on)
        table.cursor = place
        name = table.items[place].name
        await pilot.press("p")
        await until(pilot, lambda: find_study(open_store(str(store)), name).desired == "running")
        await pilot.press("tab")
        assert screen.check_action("pause_or_resume", ()) == isinstance(
            screen.focused, WorkersTable | WaitingTable
        )


@pytest.mark.action("workers", "toggle_log")
@pytest.mark.action("log", "next_level")
async def test_one_workers_lines_alone_and_only_what_is_grave(
    open_app: OpenApp, store: Path
) -> None:
    levels: tuple[Level, ...] = ("debug", "info", "warning", "error")
    for level in levels:
        _say(store, level, level=level)
    opened = open_store(str(store))
    write_log(opened, "info", "said by another", worker_id=99)
    async with open_app() as pilot:
        screen = await _opened(pilot)
        assert _lines(screen)[-1] == "said by another"
        await pilot.press("o")
        await until(pilot, lambda: _lines(screen)[-1] == "error")
        await pilot.press("o")
        await until(pilot, lambda: _lines(screen)[-1] == "said by another")
        await _to_log(pilot)
        for least in (*levels[1:], levels[0]):
            await pilot.press("v")
            expected = [level for level in levels if levels.index(level) >= levels.index(least)]
            await until(
                pilot,
                lambda expected=expected: (
                    [  # type: ignore[misc]
                        line for line in _lines(screen) if line in levels
                    ]
                    == expected
                ),
            )


@pytest.mark.action("workers", "open_file")
@pytest.mark.action("log", "open_file")
async def test_the_end_of_a_workers_own_file(
    open_app: OpenApp, store: Path, tmp_path: Path
) -> None:
    log_file = tmp_path / "worker.log"
    log_file.write_text("Traceback: something broke")
    opened = open_store(str(store))
    here = identity_of()
    register_worker(opened, here, device="cuda:0", threads=2, log_file=str(log_file))
    async with open_app() as pilot:
        await _opened(pilot)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, FileTailScreen))
        shown = pilot.app.screen.query_one(Static)
        await until(pilot, lambda: "something broke" in str(shown.render()))
        log_file.write_text("Traceback: something else broke")
        await until(pilot, lambda: "something else" in str(shown.render()))
        await pilot.press("escape")
        end_worker(opened, WORKER)
        await _to_log(pilot)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, FileTailScreen))


@pytest.mark.action("log", "copy_line")
async def test_the_log_follows_until_one_goes_back_in_it_and_tells_and_copies_whole_lines(
    open_app: OpenApp, store: Path
) -> None:
    _say(store, *(f"line {number}" for number in range(60)))
    async with open_app() as pilot:
        screen = await _opened(pilot)
        assert _under_cursor(screen) == "line 59"
        _say(store, "one more")
        await until(pilot, lambda: _under_cursor(screen) == "one more")
        await _to_log(pilot)
        await pilot.press("k")
        _say(store, "and another", level="warning")
        await until(pilot, lambda: _lines(screen)[-1] == "and another")
        assert _under_cursor(screen) == "line 59"
        await pilot.press("G")
        await until(pilot, lambda: _under_cursor(screen) == "and another")
        await pilot.press("y")
        await until(pilot, lambda: "warning and another" in pilot.app.clipboard)
        text = "failed: " + "very " * 40 + "long"
        _say(store, text)
        whole = screen.query_one("#whole", Static)
        await until(pilot, lambda: whole.display and text in str(whole.render()))


@pytest.mark.action("log", "search", "next_hit", "previous_hit")
async def test_the_whole_log_is_reached_a_window_at_a_time_and_searched_by_the_store(
    open_app: OpenApp, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = 100
    monkeypatch.setattr(log_view, "WINDOW", window)
    texts = ["needle first", *(f"line {number}" for number in range(2 * window))]
    texts += ["NEEDLE second", "hay", "100% hay"]
    _say(store, *texts)
    async with open_app(size=(120, 60)) as pilot:
        screen = await _opened(pilot)
        view = screen.query_one(LogView)
        assert len(_lines(screen)) < len(texts)
        await _to_log(pilot)
        await pilot.press("g")
        await until(pilot, lambda: _under_cursor(screen).startswith("#30 begins"))
        seen = set(_lines(screen))
        for _ in range(150):
            await pilot.press("pagedown")
            await pilot.pause()
            seen |= set(_lines(screen))
            if _under_cursor(screen) == texts[-1]:
                break
        await until(pilot, lambda: _under_cursor(screen) == texts[-1])
        assert set(texts) <= seen

        await pilot.press("slash", *"needle", "enter")
        await until(pilot, lambda: _under_cursor(screen) == "NEEDLE second")
        await until(pilot, lambda: "2 hits" in str(view.border_subtitle))
        await pilot.press("N")
        await until(pilot, lambda: _under_cursor(screen) == "needle first")
        await pilot.press("n")
        await until(pilot, lambda: _under_cursor(screen) == "NEEDLE second")
        await pilot.press("slash", "ctrl+u", "0", "%", "enter")
        await until(pilot, lambda: _under_cursor(screen) == "100% hay")
        await pilot.press("escape")
        await until(pilot, lambda: "hit" not in str(view.border_subtitle))
        assert pilot.app.screen is screen
