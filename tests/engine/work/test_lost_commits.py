"""A server is lost at a commit that came through: what is then done again counts once."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import func, make_url, select

from engine.errors import StorageError
from engine.learning.events import Measured, Measurement, Stepped
from engine.learning.plan import plan_stage
from engine.search.trials import open_search
from engine.spec import Protocol
from engine.store.connection import Store, open_store
from engine.store.measurements import measurements_of, spent_on
from engine.store.notices import Notices
from engine.store.places import place_of
from engine.store.run_states import beat_for_run, claim_run, create_run
from engine.store.runs import Scores, get_run
from engine.store.schema import run, worker
from engine.store.workers import Telemetry, beat_for_worker
from engine.work.execution import _written_once
from engine.work.heartbeat import Heartbeat
from engine.work.learning import Outcome, WorkerContext
from engine.work.patience import Patience
from engine.work.recorder import Recorder
from tests.engine.search.conftest import SPACE, study_spec
from tests.engine.store.conftest import new_study, new_trial, new_worker, run_spec
from tests.postgres import PostgresServer

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """Stands between a client and a server, and loses both once a commit was answered."""

    def __init__(self, server: Path, here: Path) -> None:
        self._server = server
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(here / SOCKET))
        self._listening.listen()
        self._left = 0
        self.lost = Event()
        Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def losing_a_commit(self) -> Iterator[None]:
        """Lose the first commit within."""
        self.lose(1)
        yield
        assert self.lost.is_set()

    def lose(self, nth: int) -> None:
        """Lose the nth commit from now on, and no other."""
        self._left = nth
        self.lost.clear()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self._server / SOCKET))
            cut = Event()
            back = Thread(target=self._answer, args=(server, client, cut), daemon=True)
            back.start()
            while said := client.recv(65536):
                self._left -= b"COMMIT" in said
                if b"COMMIT" in said and self._left == 0:
                    cut.set()
                server.sendall(said)
            server.shutdown(socket.SHUT_RDWR)
            back.join()

    def _answer(self, server: socket.socket, client: socket.socket, cut: Event) -> None:
        with suppress(OSError):
            while said := server.recv(65536):
                if cut.is_set():
                    self.lost.set()
                    break
                client.sendall(said)
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server_url(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return postgres.emptied_store()


@pytest.fixture
def proxy(server_url: str, tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(Path(str(make_url(server_url).query["host"])), tmp_path)
    yield proxy
    proxy.close()


@pytest.fixture
def store(proxy: Proxy, server_url: str, tmp_path: Path) -> Iterator[Store]:
    """Return a store whose server is reached by the proxy."""
    url = make_url(server_url).update_query_dict({"host": str(tmp_path)})
    store = open_store(url.render_as_string(hide_password=False))
    yield store
    store.close()


@pytest.fixture
def patience() -> Patience:
    return Patience(Event())


@pytest.fixture
def worker_id(store: Store) -> int:
    return new_worker(store)


def context_of(store: Store, worker_id: int, patience: Patience) -> WorkerContext:
    return WorkerContext(
        store=store,
        worker_id=worker_id,
        device="cpu",
        devices=("cpu",),
        heartbeat=Heartbeat(store, worker_id, "cpu", Event()),
        patience=patience,
        checkpoint_seconds=60.0,
        notices=Notices(store),
        place=place_of(store),
    )


def test_a_run_that_was_taken_unheard_is_taken_and_counts_no_death(
    proxy: Proxy, store: Store, worker_id: int, patience: Patience
) -> None:
    first, second = (create_run(store, run_spec()) for _ in range(2))
    with proxy.losing_a_commit():
        taken = patience.call(partial(claim_run, store, worker_id, threads=1, known=()))
    assert taken is not None
    assert (taken.id, taken.attempts) == (first, 0)
    assert get_run(store, second).state == "queued"
    other = claim_run(store, worker_id, threads=1, known=(first,))
    assert other is not None
    assert other.id == second


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("complete", scores=Scores(p_o=0.5, p_s=0.75)),
        Outcome("failed", "out of memory"),
        Outcome("paused"),
        Outcome("queued", "waits for run 7"),
    ],
)
def test_a_run_ends_or_is_given_back_once(
    proxy: Proxy, store: Store, worker_id: int, patience: Patience, outcome: Outcome
) -> None:
    run_id = create_run(store, run_spec())
    record = claim_run(store, worker_id, threads=1)
    assert record is not None
    with proxy.losing_a_commit():
        patience.call(_written_once(context_of(store, worker_id, patience), record, outcome, 8.0))
    there = get_run(store, run_id)
    assert (there.state, there.reason) == (outcome.state, outcome.reason)
    assert there.p == (outcome.scores and outcome.scores.p)
    with store.reading() as connection:
        assert connection.execute(select(run.c.busy_seconds)).scalar_one() == 8.0


def test_what_is_measured_and_the_time_it_took_count_once(
    proxy: Proxy, store: Store, worker_id: int, patience: Patience
) -> None:
    run_id = create_run(store, run_spec())
    claim_run(store, worker_id, threads=1)
    recorder = Recorder(store, run_id, worker_id, patience)
    recorder.plan([plan_stage("sst2", rows=4, epochs=1, protocol=Protocol(), first_step=0)])
    recorder.write()
    item = Measurement(task=0, split="retention", accuracy=0.5, loss=0.7, predicted=(1, 1))
    recorder.measured(Measured(stage=0, step=1, fraction=0.25, measurements=(item,)))
    recorder.stepped(Stepped(stage=0, step=1, loss=0.7, tokens=30, seconds=20.0, products=0.0))
    with proxy.losing_a_commit():
        recorder.write()
    (measured,) = measurements_of(store, run_id)
    assert measured.step == 1
    spent = spent_on(store, run_id)
    assert spent is not None
    assert spent.learning == 20.0


def test_a_trial_is_queued_once_and_heartbeats_may_be_repeated(
    proxy: Proxy, store: Store, worker_id: int, patience: Patience
) -> None:
    study_id = new_study(store)
    with proxy.losing_a_commit():
        run_id = patience.call(partial(new_trial, store, study_id, 0))
    claim_run(store, worker_id, threads=1)
    writes: tuple[Callable[[], object], ...] = (
        partial(beat_for_run, store, run_id, worker_id),
        partial(beat_for_worker, store, worker_id, Telemetry(cpu_percent=1.0)),
        partial(new_worker, store),
    )
    for write in writes:
        with proxy.losing_a_commit():
            patience.call(write)
    with store.reading() as connection:
        for table in (run, worker):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 1


def test_whichever_commit_is_lost_a_trial_is_proposed_and_told_once(
    proxy: Proxy, store: Store
) -> None:
    """What a proposal leaves behind is adopted by whoever proposes next."""
    search = open_search(store.url, study_spec(sampler="random"), SPACE)
    told: list[int] = []
    for first in count(1):
        was_lost = loses(proxy, first, search.propose)
        for number, proposal in search.unfinished().items():
            assert proposal is not None
            told.append(number)
            tell = partial(search.tell, number, "complete", 1.25)
            assert not all(loses(proxy, nth, tell) for nth in range(1, 30))
        if not was_lost:
            break
    assert told == list(range(len(told)))
    assert [trial.value for trial in search._study.get_trials()] == [1.25] * len(told)
    search.close()


def loses(proxy: Proxy, nth: int, work: Callable[[], object]) -> bool:
    """Do something while its nth commit is lost; whether it has so many."""
    proxy.lose(nth)
    with suppress(StorageError):
        work()
    was_lost = proxy.lost.is_set()
    proxy.lose(0)  # what is done next goes through
    return was_lost
