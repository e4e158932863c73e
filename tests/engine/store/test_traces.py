"""What is kept of single steps."""

import pytest

from engine.store.connection import Store
from engine.store.leases import LeaseLostError
from engine.store.measurements import Progress, record_progress
from engine.store.traces import TraceRecord, traces_of
from tests.engine.store.conftest import new_worker

PROGRESS = Progress(step=8, steps=40)


def seen(step: int, loss: float | None, *ratios: float | None) -> TraceRecord:
    return TraceRecord(step=step, loss=loss, ratios=ratios)


def test_what_was_seen_comes_back_in_order(store: Store, held: tuple[int, int]) -> None:
    traces = [seen(4, 0.71, -3.0, -2.5, None), seen(8, None, -3.25, None, -1.0)]
    record_progress(store, *held, PROGRESS, traces=traces)
    assert traces_of(store, held[0]) == traces


def test_a_resumed_run_puts_what_it_sees_in_its_place(store: Store, held: tuple[int, int]) -> None:
    first = [seen(step, 1.0, -3.0) for step in (2, 4, 6, 8)]
    again = [seen(6, 0.5, -2.0), seen(8, 0.4, -2.0), seen(10, 0.3, -2.0)]
    record_progress(store, *held, PROGRESS, traces=first)
    record_progress(store, *held, PROGRESS, traces=again)
    assert traces_of(store, held[0]) == [*first[:2], *again]


def test_a_worker_that_lost_the_run_keeps_nothing(store: Store, held: tuple[int, int]) -> None:
    run_id, _ = held
    with pytest.raises(LeaseLostError):
        record_progress(
            store, run_id, new_worker(store, pid=200), PROGRESS, traces=[seen(2, 1.0, -3.0)]
        )
    assert traces_of(store, run_id) == []
