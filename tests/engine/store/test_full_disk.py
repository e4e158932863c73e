import resource
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection

import pytest
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import EngineError, StorageError
from engine.store.connection import Store
from engine.store.measurements import MeasurementRecord, Progress, measurements_of, record_progress
from engine.store.run_states import claim_run, create_run
from engine.store.runs import get_run
from engine.store.workers import require_writable
from tests.engine.store.conftest import new_worker, run_spec


def fill_up(connection: Connection, _: ConnectionPoolEntry) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.parametrize("any_store", ["sqlite"], indirect=True)
def test_a_full_disk_is_one_line_and_nothing_is_half_written(store: Store) -> None:
    run_id, worker_id = create_run(store, run_spec()), new_worker(store)
    claim_run(store, worker_id, threads=1)
    record_progress(store, run_id, worker_id, Progress(step=1, steps=9), measured(1))
    store.engine.dispose()
    event.listen(store.engine, "connect", fill_up)

    with pytest.raises(EngineError) as caught:
        record_progress(store, run_id, worker_id, Progress(step=2, steps=9), measured(5000))
    assert str(caught.value) == (
        f"store {store.path}: the disk is full; free some space, then resume"
    )
    assert get_run(store, run_id).step == 1
    assert measurements_of(store, run_id) == measured(1)

    event.remove(store.engine, "connect", fill_up)
    store.engine.dispose()
    record_progress(store, run_id, worker_id, Progress(step=2, steps=9), measured(5000))
    assert len(measurements_of(store, run_id)) == 5000


@pytest.mark.parametrize("any_store", ["sqlite"], indirect=True)
def test_a_store_without_room_is_noticed_where_nobody_changes_it(store: Store) -> None:
    new_worker(store)
    require_writable(store)
    with files_of_at_most(0), pytest.raises(StorageError, match="the disk is full"):
        require_writable(store)
    require_writable(store)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let this process write no file beyond a size, as with a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def measured(count: int) -> list[MeasurementRecord]:
    return [
        MeasurementRecord(step=step, stage=0, task=0, split="retention", accuracy=0.5)
        for step in range(count)
    ]
