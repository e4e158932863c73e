"""For how many workers a store has something to do."""

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from engine.store.connection import Store
from engine.store.demand import work_wanted, workers_at_it
from engine.store.run_states import claim_run, control_run, create_run, finish_run
from engine.store.schema import worker
from engine.store.states import LOST_AFTER
from engine.store.studies import control_study, create_study
from engine.store.workers import end_worker
from tests.engine.store.conftest import (
    meanwhile,
    new_study,
    new_trial,
    new_worker,
    run_spec,
    study_spec,
)

CPU, GPU = ("auto", "cpu"), ("auto", "cpu", "cuda", "cuda:0")


def test_a_run_counts_from_when_it_is_queued_until_it_has_ended(store: Store) -> None:
    assert work_wanted(store, CPU) == 0
    run_id = create_run(store, run_spec())
    assert work_wanted(store, CPU) == 1
    at_it = new_worker(store)
    assert claim_run(store, at_it, threads=1) is not None
    assert work_wanted(store, CPU) == 1
    finish_run(store, run_id, at_it, state="failed")
    assert work_wanted(store, CPU) == 0


def test_what_nobody_wants_to_go_on_counts_for_nothing(store: Store) -> None:
    control_run(store, create_run(store, run_spec()), "paused")
    control_study(store, new_study(store), "paused")
    assert work_wanted(store, CPU) == 0


def test_trials_count_that_a_search_has_not_proposed_yet(store: Store) -> None:
    study_id = new_study(store, trials=3)
    assert work_wanted(store, CPU) == 3
    new_trial(store, study_id, 0)
    assert work_wanted(store, CPU) == 3


def test_a_trial_that_is_proposed_meanwhile_is_neither_lost_nor_counted_twice(
    store: Store,
) -> None:
    study_id = new_study(store, trials=3)
    with meanwhile(lambda: new_trial(store, study_id, 0)):
        assert work_wanted(store, CPU) == 3
    assert work_wanted(store, CPU) == 3


@pytest.mark.parametrize(("in_order", "wanted"), [(2, 2), (9, 4)])
def test_of_a_search_in_order_no_more_count_than_may_be_under_way(
    store: Store, in_order: int, wanted: int
) -> None:
    spec = study_spec(trials=4)
    ordered = replace(spec, search=replace(spec.search, in_order=in_order))
    study_id = create_study(store, ordered)
    assert work_wanted(store, CPU) == wanted
    new_trial(store, study_id, 0, ordered)
    assert work_wanted(store, CPU) == wanted


def test_what_asks_for_a_gpu_counts_for_workers_that_have_one(store: Store) -> None:
    create_run(store, replace(run_spec(), device="cuda"))
    create_study(store, replace(study_spec(trials=2), device="cuda"))
    create_run(store, run_spec())
    assert (work_wanted(store, CPU), work_wanted(store, GPU)) == (1, 4)


def test_workers_count_that_were_heard_of_lately(store: Store) -> None:
    one, other, ended, lost = (new_worker(store, pid) for pid in range(4))
    end_worker(store, ended)
    long_ago = worker.c.heartbeat_at - LOST_AFTER - 1
    with store.writing() as connection:
        connection.execute(update(worker).where(worker.c.id == lost).values(heartbeat_at=long_ago))
    assert workers_at_it(store) == 2
    assert workers_at_it(store, besides=[one]) == 1
    assert workers_at_it(store, besides=[one, other]) == 0
