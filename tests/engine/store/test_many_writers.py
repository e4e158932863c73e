"""Several workers at one store."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.store.connection import open_store
from engine.store.leases import become_proposer
from engine.store.measurements import MeasurementRecord, Progress, record_progress
from engine.store.run_states import beat_for_run, claim_run, create_run, finish_run
from engine.store.runs import Scores
from engine.store.schema import measurement, run, study, worker
from engine.store.studies import free_name
from engine.store.workers import Telemetry, beat_for_worker
from tests.engine.store.conftest import new_study, new_worker, run_spec
from tests.postgres import PostgresServer

PROCESSES = 4
WRITES = 50


def write_on_and_on(path: str, pid: int) -> list[int]:
    """Claim runs and write 50 times; return the runs that this process ended."""
    store = open_store(path)
    worker_id = new_worker(store, pid)
    new_study(store, free_name(store, f"study-{pid}"))
    ended = []
    for write in range(0, WRITES, 5):
        record = claim_run(store, worker_id, threads=1)
        assert record is not None
        measured = [
            MeasurementRecord(step=write, stage=0, task=task, split="retention", accuracy=0.5)
            for task in range(8)
        ]
        record_progress(store, record.id, worker_id, Progress(step=write, steps=50), measured)
        beat_for_run(store, record.id, worker_id)
        beat_for_worker(store, worker_id, Telemetry(cpu_percent=float(write)))
        finish_run(store, record.id, worker_id, state="complete", scores=Scores(p_o=0.5, p_s=0.5))
        ended.append(record.id)
    become_proposer(store, 1, worker_id)
    store.close()
    return ended


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessPoolExecutor]:
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([__name__])  # imported once for all of them
    with ProcessPoolExecutor(PROCESSES, mp_context=forks) as workers:
        yield workers


@pytest.fixture(params=["sqlite", "postgresql"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return where there is no store yet."""
    if request.param == "sqlite":
        yield str(tmp_path / "studies.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.new_database() as url:
        yield url


@pytest.mark.process
def test_four_writers_of_a_new_store_lose_nothing(path: str, workers: ProcessPoolExecutor) -> None:
    made = workers.map(make, [path] * PROCESSES, timeout=120)
    assert list(made) == [1] * PROCESSES
    store = open_store(path)
    run_ids = [create_run(store, run_spec()) for _ in range(PROCESSES * WRITES // 5)]
    written = workers.map(write_on_and_on, [path] * PROCESSES, range(PROCESSES), timeout=120)
    ended = Counter(run_id for run_ids in written for run_id in run_ids)
    assert ended == Counter(run_ids)
    with store.reading() as connection:
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (run, measurement, worker, study)
        }
        states = connection.execute(select(run.c.state).distinct()).scalars().all()
    store.close()
    assert rows == {
        "cl_run": len(run_ids),
        "cl_measurement": 8 * len(run_ids),
        "cl_worker": PROCESSES,
        "cl_study": PROCESSES,
    }
    assert states == ["complete"]


def make(path: str) -> int:
    """Open the store, which another process may just be making; return its schema's versions."""
    store = open_store(path)
    with store.reading() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM cl_version").scalar_one()
    store.close()
    return int(count)
