"""Workers of a server that tells what is written ask it next to nothing, and are awake at once."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from engine.store.connection import Store, open_store
from engine.store.notices import Notices
from engine.store.places import place_of
from engine.store.run_states import claim_run, control_run, create_run, desired_of
from engine.store.states import Desired
from engine.store.workers import set_desired_of_worker
from engine.work import control, worker
from engine.work.control import Control, Interrupted
from engine.work.heartbeat import Heartbeat
from engine.work.learning import WorkerContext
from engine.work.patience import Patience
from engine.work.searches import Searches
from engine.work.supervisor import WorkerSettings
from tests.engine.store.conftest import new_worker, run_spec
from tests.postgres import PostgresServer

PATIENCE = 60.0


class Counted(Notices):
    """Says how often somebody waited."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "work")
        self.waits = 0
        self.waited = Event()

    def count(self, within: float = 0.0) -> int:
        self.waits += within > 0
        self.waited.set()
        return super().count(min(within, 0.01))

    def wait_for(self, waits: int) -> None:
        until = self.waits + waits
        while self.waits < until:
            self.waited.clear()
            assert self.waited.wait(PATIENCE)


@pytest.fixture
def store(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with postgres.new_database() as url:
        open_store(url).close()
        postgres.log_statements(url)
        with closing(open_store(url)) as store:
            yield store


def test_an_idle_worker_asks_nothing_until_it_is_told_and_then_at_once(
    store: Store, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_QUIET_SECONDS", 10 * PATIENCE)
    worker_id, ending = new_worker(store), Event()
    context = WorkerContext(
        store=store,
        worker_id=worker_id,
        device="cpu",
        devices=("auto", "cpu"),
        heartbeat=Heartbeat(store, worker_id, "cpu", ending),
        patience=Patience(ending),
        checkpoint_seconds=0.0,
        notices=Counted(store),
        place=place_of(store),
    )
    searches = Searches(store, worker_id, context.patience, context.devices)
    settings = WorkerSettings(store=store.url, idle_seconds=10 * PATIENCE)
    idle = Thread(target=worker._serve, args=(context, searches, settings))
    idle.start()
    notices = context.notices
    assert isinstance(notices, Counted)
    try:
        notices.wait_for(2)  # it may have been told of its own first words
        postgres.statements()
        notices.wait_for(20)
        assert postgres.statements() == []

        with closing(open_store(store.url)) as other:
            set_desired_of_worker(other, worker_id, "paused")
            notices.wait_for(2)
            postgres.statements()
            notices.wait_for(20)
            assert postgres.statements() == [], "nor does one that rests"
            set_desired_of_worker(other, worker_id, "stopped")
        idle.join(PATIENCE)
        assert not idle.is_alive()
    finally:
        ending.set()
        idle.join()
        notices.close()


def test_a_worker_that_learns_asks_what_is_desired_when_it_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(control, "_LISTENING_SECONDS", 10 * PATIENCE)
    worker_id, run_id = new_worker(store), create_run(store, run_spec())
    claim_run(store, worker_id, threads=1)
    asked: list[Desired] = []

    def ask() -> Desired:
        asked.append(desired_of(store, run_id, worker_id))
        return asked[-1]

    with closing(Notices(store, "work")) as notices:
        obeyed = Control(ask, Patience(Event()), notices)
        for _ in range(1000):
            obeyed.obey()
        assert asked == ["running"]
        with closing(open_store(store.url)) as other:
            control_run(other, run_id, "paused")
        with pytest.raises(Interrupted):
            until_told(obeyed, notices)
    assert asked == ["running", "paused"]


def until_told(obeyed: Control, notices: Notices) -> None:
    notices.count(PATIENCE)
    obeyed.obey()


def test_where_nothing_is_heard_it_is_asked_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_LOOK_SECONDS", 0.0)
    asked: list[Desired] = []
    with closing(open_store(str(tmp_path / "studies.db"))) as file:
        obeyed = Control(partial(_running, asked), Patience(Event()), Notices(file))
        for _ in range(3):
            obeyed.obey()
    assert len(asked) == 3


def _running(asked: list[Desired]) -> Desired:
    asked.append("running")
    return "running"
