"""Whose clock counts, and when it can be believed."""

import time

import pytest
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql

from engine.store.clock import ClockWatch, now, read_clock
from engine.store.connection import Store
from engine.store.leases import has_orphans
from engine.store.run_states import claim_run, control_run, create_run, desired_of
from engine.store.runs import get_run
from engine.store.schema import run
from engine.store.workers import end_worker, living_workers
from tests.engine.store.conftest import kill_holder, new_worker, run_spec

HOUR = 3600.0


def test_a_file_has_the_clock_of_its_machine_and_a_server_its_own(store: Store) -> None:
    assert read_clock(store) == pytest.approx(time.time(), abs=1.0)
    asked = str(select(now()).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "clock_timestamp()" in asked


@pytest.mark.parametrize("set_by", [HOUR, -HOUR])
def test_right_after_the_clock_was_set_only_the_dead_lose_their_runs(
    store: Store, set_by: float
) -> None:
    lives, ended = create_run(store, run_spec()), create_run(store, run_spec())
    first, second, third = (new_worker(store, pid) for pid in (1, 2, 3))
    for worker in (first, second):
        assert claim_run(store, worker, threads=1)
    with store.writing() as connection:
        moved = run.c.heartbeat_at - set_by
        connection.execute(update(run).where(run.c.id == lives).values(heartbeat_at=moved))
    end_worker(store, second)
    taken = claim_run(store, third, threads=1, clock=ClockWatch())
    assert taken is not None
    assert taken.id == ended
    assert claim_run(store, third, threads=1, clock=ClockWatch()) is None
    assert has_orphans(store)
    late = claim_run(store, third, threads=1)
    assert late is not None
    assert late.id == lives


@pytest.mark.parametrize("set_by", [HOUR, -HOUR])
def test_right_after_the_clock_was_set_what_people_pause_stays_with_its_living_worker(
    store: Store, set_by: float
) -> None:
    lives, ended = create_run(store, run_spec()), create_run(store, run_spec())
    first, second, third = (new_worker(store, pid) for pid in (1, 2, 3))
    for worker in (first, second):
        assert claim_run(store, worker, threads=1)
    with store.writing() as connection:
        moved = run.c.heartbeat_at - set_by
        connection.execute(update(run).where(run.c.id == lives).values(heartbeat_at=moved))
    for run_id in (lives, ended):
        control_run(store, run_id, "paused")
    for worker in (second, third):
        end_worker(store, worker)
    assert get_run(store, ended).state == "paused"
    held = get_run(store, lives)
    assert (held.state, held.attempts) == ("running", 0)
    assert desired_of(store, lives, first) == "paused"


def test_how_long_a_worker_is_silent_is_told_by_the_stores_clock(store: Store) -> None:
    run_id, worker = create_run(store, run_spec()), new_worker(store)
    claim_run(store, worker, threads=1)
    (known,) = living_workers(store)
    assert 0.0 <= known.silent < HOUR
    kill_holder(store, run_id)
    assert has_orphans(store)


class TwoClocks:
    """A store's clock and one's own: the seconds that pass are told to both."""

    def __init__(self) -> None:
        self.own, self.stores = 100.0, 1_000_000.0
        self.watch = ClockWatch(lambda: self.own)

    def steady_after(self, seconds: float, *, set_by: float = 0.0) -> bool:
        self.own += seconds
        self.stores += seconds + set_by
        return self.watch.is_steady(self.stores)


def test_a_clock_is_believed_when_it_went_evenly_for_a_while() -> None:
    clocks = TwoClocks()
    assert not clocks.steady_after(0.0), "when it is asked first"
    assert not clocks.steady_after(3.0)
    assert clocks.steady_after(3.0)
    assert clocks.steady_after(HOUR, set_by=2.0), "it drifts within an hour"


@pytest.mark.parametrize("set_by", [-HOUR, -3.0, 3.0, HOUR])
def test_a_clock_that_was_set_is_not_believed_for_a_while(set_by: float) -> None:
    clocks = TwoClocks()
    clocks.steady_after(0.0)
    assert clocks.steady_after(6.0)
    assert not clocks.steady_after(0.5, set_by=set_by)
    assert not clocks.steady_after(4.0)
    assert clocks.steady_after(2.0)
