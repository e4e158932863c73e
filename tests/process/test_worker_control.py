"""A worker that runs does what is wanted of it."""

from collections.abc import Callable

import psutil
import pytest
from sqlalchemy import select

from engine.spec import RunSpec
from engine.store.connection import Store
from engine.store.measurements import MeasurementRecord, measurements_of
from engine.store.run_states import create_run
from engine.store.runs import get_run
from engine.store.schema import log
from engine.store.workers import living_workers
from engine.work.heartbeat import HEARTBEAT_SECONDS
from engine.work.supervisor import control_worker, end_orphaned_workers
from tests.process.conftest import kill, wait_for, wait_for_end

_PROMPTLY = 5.0
"""Seconds; a worker that went on waiting would take half a minute."""

pytestmark = pytest.mark.process


def test_a_worker_rests_goes_on_and_ends_as_it_is_told(
    store: Store,
    run_spec: RunSpec,
    start: Callable[..., int],
    undisturbed: list[MeasurementRecord],
) -> None:
    run_id = create_run(store, run_spec)
    pid = start(until_idle=False)
    wait_for(lambda: get_run(store, run_id).step > 0, "the run to take steps")
    (worker,) = living_workers(store)

    control_worker(store, worker.id, "paused")
    wait_for(lambda: _said(store, "is paused"), "the worker to pause")
    rested_at = get_run(store, run_id)
    assert (rested_at.state, rested_at.desired) == ("paused", "running")

    control_worker(store, worker.id, "running")
    wait_for(lambda: get_run(store, run_id).step > rested_at.step, "the run to go on")
    control_worker(store, worker.id, "stopped")
    wait_for_end(pid)
    assert not living_workers(store)
    assert get_run(store, run_id).state == "paused"

    wait_for_end(start())
    assert measurements_of(store, run_id) == undisturbed


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_FSIZE"), reason="only on Linux")
def test_a_worker_that_waits_for_a_full_disk_ends_as_soon_as_it_is_told(
    store: Store, run_spec: RunSpec, start: Callable[..., int]
) -> None:
    run_id = create_run(store, run_spec)
    process = psutil.Process(start())
    wait_for(lambda: get_run(store, run_id).step > 0, "the run to take steps")
    _, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
    wait_for(lambda: living_workers(store)[0].silent > 2 * HEARTBEAT_SECONDS, "it to be silent")
    process.terminate()
    process.wait(timeout=_PROMPTLY)


def test_a_dead_workers_end_is_said_once(
    store: Store, run_spec: RunSpec, start: Callable[..., int]
) -> None:
    create_run(store, run_spec)
    kill(start())
    for _ in range(2):
        end_orphaned_workers(store)
        assert living_workers(store) == []
    assert len(_said(store, "died")) == 1


def _said(store: Store, word: str) -> list[str]:
    with store.reading() as connection:
        lines = connection.execute(select(log.c.text).order_by(log.c.id)).scalars()
        return [line for line in lines if word in line]
