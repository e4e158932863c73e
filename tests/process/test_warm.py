"""A warm process: what comes from it is as what is started without it, and it ends with its app."""

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from bertcl_tui.app.app import BertclApp
from bertcl_tui.widgets.frame import TopBar
from bertcl_tui.workers.screen import WorkersScreen
from engine.errors import UsageError
from engine.spec import RunSpec
from engine.store.connection import Store
from engine.store.run_states import create_run
from engine.store.runs import get_run
from engine.store.workers import living_workers
from engine.work.ask import ask_machine, weigh_importance
from engine.work.processes import identity_of, is_alive, start_module, warm_up
from engine.work.warm import CAN_FORK, WARM, Forked
from tests.bertcl_tui.waiting import until
from tests.process.conftest import wait_for, wait_for_end

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="forks on Linux only")


@pytest.fixture
def warm() -> Iterator[int]:
    """Have a warm process; return its pid."""
    assert WARM.warmth == "cold"
    assert warm_up()
    assert WARM.warmth == "warm"
    pid = WARM.pid
    assert pid is not None
    yield pid
    WARM.end()
    wait_for_end(pid)


def test_answers_come_from_it_and_so_do_refusals(warm: int, tmp_path: Path) -> None:
    assert ask_machine().cores >= 1
    with pytest.raises(UsageError, match=r"no store at .*none\.db"):
        weigh_importance(str(tmp_path / "none.db"), 1, "ped-anova").wait()
    wait_for(lambda: not psutil.Process(warm).children(), "nothing to be left of them")


def test_a_worker_from_it_learns_gives_way_and_outlives_it(
    warm: int, store: Store, start: Callable[..., int], run_spec: RunSpec
) -> None:
    run_id = create_run(store, run_spec)
    pid = start(until_idle=False)
    assert psutil.Process(pid).ppid() == warm
    assert os.getsid(pid) == pid, "the end of a terminal does not reach it"
    wait_for(lambda: get_run(store, run_id).state == "complete", "the run")
    (worker,) = living_workers(store)
    assert worker.identity == identity_of(pid)
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
    WARM.end()
    wait_for_end(warm)
    assert is_alive(worker.identity)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not living_workers(store), "the worker to end")
    wait_for(lambda: not psutil.pid_exists(pid), "nothing to be left of it")
    assert worker.log_file is not None
    assert "Traceback" not in Path(worker.log_file).read_text(encoding="utf-8")


def test_without_it_everything_starts_as_ever(warm: int) -> None:
    os.kill(warm, signal.SIGKILL)
    assert ask_machine().cores >= 1
    assert WARM.warmth == "cold"


def test_one_that_is_killed_has_ended_by_that(warm: int) -> None:
    with start_module("engine.work", stdout=subprocess.DEVNULL) as process:
        assert psutil.Process(process.pid).ppid() == warm
        assert process.poll() is None
        process.kill()
    assert process.returncode == -signal.SIGKILL
    with start_module("engine.work", stderr=subprocess.DEVNULL) as process:
        pass  # its settings are empty
    assert process.returncode == 1


def test_how_it_ended_is_known_to_every_thread_that_waits() -> None:
    its_stdin, stdin = os.pipe()
    status, its_status = os.pipe()
    forked = Forked(os.getpid(), os.fdopen(stdin, "wb"), None, status)
    with os.fdopen(its_stdin), ThreadPoolExecutor() as threads:
        waiting = [threads.submit(forked.wait) for _ in range(2)]
        os.write(its_status, bytes([3]))
        os.close(its_status)
        assert [each.result() for each in waiting] == [3, 3]
        assert forked.poll() == 3
        assert forked.stdin is not None
        forked.stdin.close()


async def test_an_app_has_one_while_it_is_wanted(store: Store) -> None:
    app = BertclApp(store.url, warm=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("W")
        await until(pilot, lambda: isinstance(app.screen, WorkersScreen))
        bar = app.screen.query_one(TopBar)
        await until(pilot, lambda: "warm: starts at once" in str(bar.render()))
        pid = WARM.pid
        assert pid is not None
        app.configuration.change(warm=False)
        wait_for_end(pid)
        assert WARM.warmth == "cold"
        app.configuration.change(warm=True)
        await until(pilot, lambda: WARM.warmth == "warm")
        pid = WARM.pid
    assert pid is not None
    wait_for_end(pid)


def test_it_ends_where_its_app_is_killed() -> None:
    heard, told = multiprocessing.Pipe(duplex=False)
    app = multiprocessing.get_context("fork").Process(target=_be_an_app, args=(told,))
    app.start()
    pid = heard.recv()
    assert app.pid is not None
    os.kill(app.pid, signal.SIGKILL)
    app.join()
    wait_for_end(pid)


def _be_an_app(told: Connection) -> None:
    warm_up()
    told.send(WARM.pid)
    time.sleep(3600)
