"""When a search has come to an end, for all who wait for one."""

import pytest

from engine.errors import EngineError
from engine.store.connection import Store
from engine.store.endings import find_ending, how_it_ended
from engine.store.run_states import claim_run, finish_run, release_run
from engine.store.states import ENDED_EARLY, SET_ASIDE
from engine.store.studies import control_study
from tests.engine.store.conftest import kill_holder, new_study, new_trial, new_worker


def trial(store: Store, study_id: int, number: int, *, ends: bool = True) -> tuple[int, int]:
    run_id, worker_id = new_trial(store, study_id, number), new_worker(store, pid=number)
    assert claim_run(store, worker_id, threads=1) is not None
    if ends:
        finish_run(store, run_id, worker_id, state="failed")
    return run_id, worker_id


def how(store: Store, study_id: int) -> str | None:
    ending = find_ending(store, study_id)
    return None if ending is None else ending.how


def test_a_search_is_complete_once_its_last_trial_has_ended(store: Store) -> None:
    study_id = new_study(store, trials=2)
    assert how(store, study_id) is None
    trial(store, study_id, 0)
    run_id, worker_id = trial(store, study_id, 1, ends=False)
    assert how(store, study_id) is None
    finish_run(store, run_id, worker_id, state="failed")
    assert how(store, study_id) == "complete"
    control_study(store, study_id, "paused")
    assert how(store, study_id) == "complete"


def test_one_that_is_paused_goes_on(store: Store) -> None:
    study_id = new_study(store, trials=2)
    trial(store, study_id, 0)
    control_study(store, study_id, "paused")
    assert how(store, study_id) is None


def test_one_that_is_stopped_is_over_when_its_workers_have_let_go(store: Store) -> None:
    study_id = new_study(store, trials=2)
    run_id, worker_id = trial(store, study_id, 0, ends=False)
    control_study(store, study_id, "stopped")
    assert how(store, study_id) is None
    finish_run(store, run_id, worker_id, state="stopped")
    assert how(store, study_id) == "stopped"


def test_a_worker_that_was_lost_is_not_waited_for(store: Store) -> None:
    study_id = new_study(store, trials=2)
    run_id, _ = trial(store, study_id, 0, ends=False)
    control_study(store, study_id, "stopped")
    kill_holder(store, run_id)
    assert how(store, study_id) == "stopped"


@pytest.mark.parametrize(
    ("reason", "ended", "said"),
    [
        ("5 trials failed in a row", "failed", "'sst2-mrpc' failed: 5 trials failed in a row"),
        (f"{SET_ASIDE}the model is gone", "set aside", "is paused, set aside: the model is gone;"),
    ],
)
def test_what_waits_for_a_person_is_no_good_end(
    store: Store, reason: str, ended: str, said: str
) -> None:
    study_id = new_study(store, trials=2)
    run_id, worker_id = trial(store, study_id, 0, ends=False)
    control_study(store, study_id, "paused", reason)
    assert how(store, study_id) is None, "a trial is under way"
    release_run(store, run_id, worker_id, state="paused", busy_seconds=1.0)
    ending = find_ending(store, study_id)
    assert ending is not None
    assert ending.how == ended
    with pytest.raises(EngineError, match=said):
        ending.require_good()


def test_one_that_ended_early_and_is_paused_has_not_failed() -> None:
    found = how_it_ended(
        origin="search",
        desired="paused",
        reason=f"{ENDED_EARLY}nothing better",
        enough=True,
        unfinished=True,
        at_work=False,
    )
    assert found is None


def test_imported_trials_are_complete() -> None:
    found = how_it_ended(
        origin="csv", desired="running", reason=None, enough=False, unfinished=False, at_work=False
    )
    assert found == "complete"
