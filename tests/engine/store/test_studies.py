import pytest
from sqlalchemy import update

from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.leases import claim_run, finish_run
from engine.store.runs import control_run, get_run
from engine.store.schema import study
from engine.store.states import Desired, RunState
from engine.store.studies import (
    PROPOSER_SECONDS,
    become_proposer,
    control_study,
    create_study,
    find_study,
    free_name,
    get_study,
    leave_proposer,
    studies_wanting_trials,
)
from tests.engine.store.conftest import (
    kill_holder,
    new_study,
    new_trial,
    new_worker,
    study_spec,
)


def test_a_study_is_read_as_it_was_written(store: Store) -> None:
    spec = study_spec(trials=17)
    study_id = create_study(store, spec, origin="import log.csv", desired="paused")
    known = get_study(store, study_id)
    assert (known.spec, known.name, known.trials) == (spec, "sst2-mrpc", 17)
    assert (known.origin, known.desired, known.reason) == ("import log.csv", "paused", None)


def test_a_name_is_taken_once(store: Store) -> None:
    new_study(store, "night")
    with pytest.raises(UsageError, match="there is a study named 'night'; choose another"):
        new_study(store, "night")
    assert new_study(store, "day") == find_study(store, "day").id


def test_a_free_name_counts_on(store: Store) -> None:
    assert free_name(store, "night") == "night"
    for name in ("night", "night-2", "night-4"):
        new_study(store, name)
    assert free_name(store, "night") == "night-3"


def test_a_study_is_found_by_its_name_or_the_beginning_of_it(store: Store) -> None:
    ids = {name: new_study(store, name) for name in ("sst2-mrpc", "sst2-mrpc-2", "qqp-mrpc")}
    assert find_study(store, "sst2-mrpc").id == ids["sst2-mrpc"]
    assert find_study(store, "qqp").id == ids["qqp-mrpc"]
    with pytest.raises(UsageError, match=r"'sst2' fits several studies \(sst2-mrpc, sst2-mrpc-2\)"):
        find_study(store, "sst2")
    with pytest.raises(UsageError, match="no study named 'rte'; there is sst2-mrpc, sst2-mrpc-2"):
        find_study(store, "rte")


def test_an_empty_store_says_how_to_begin(store: Store) -> None:
    with pytest.raises(UsageError, match="none yet; start one with search"):
        find_study(store, "rte")


def test_only_running_searches_below_their_target_want_trials(store: Store) -> None:
    full, fewer, more = (new_study(store, name, trials=2) for name in ("full", "fewer", "more"))
    paused = new_study(store, "paused")
    create_study(store, study_spec("imported"), origin="import log.csv")
    control_study(store, paused, "paused")
    new_trial(store, full, 0)
    new_trial(store, full, 1)
    new_trial(store, more, 0)
    assert studies_wanting_trials(store) == [fewer, more]


@pytest.mark.parametrize("desired", ["paused", "stopped"])
def test_a_wish_for_a_study_reaches_its_unfinished_runs_alone(
    store: Store, desired: Desired
) -> None:
    study_id, other_id = new_study(store), new_study(store, "other")
    worker_id = new_worker(store)
    done = new_trial(store, study_id, 0)
    claim_run(store, worker_id, threads=1)
    finish_run(store, done, worker_id, state="complete")
    held = new_trial(store, study_id, 1)
    claim_run(store, worker_id, threads=1)
    other = new_trial(store, other_id, 0)

    control_study(store, study_id, desired, reason="as I wish")
    assert (get_study(store, study_id).desired, get_study(store, study_id).reason) == (
        desired,
        "as I wish",
    )
    assert get_run(store, held).desired == desired
    assert get_run(store, held).state == "running"
    assert get_run(store, done).desired == "running"
    assert get_run(store, other).desired == "running"


def test_trials_that_come_after_a_wish_know_it(store: Store) -> None:
    study_id = new_study(store)
    control_study(store, study_id, "paused")
    assert get_run(store, new_trial(store, study_id, 0)).desired == "paused"


@pytest.mark.parametrize(
    ("desired", "queued_becomes", "lost_becomes"),
    [("stopped", "stopped", "stopped"), ("paused", "queued", "paused")],
)
def test_runs_that_no_living_worker_holds_obey_at_once(
    store: Store, desired: Desired, queued_becomes: RunState, lost_becomes: RunState
) -> None:
    study_id = new_study(store)
    lost, queued = new_trial(store, study_id, 0), new_trial(store, study_id, 1)
    claim_run(store, new_worker(store), threads=1)
    kill_holder(store, lost)
    control_study(store, study_id, desired)
    assert [get_run(store, each).state for each in (lost, queued)] == [lost_becomes, queued_becomes]
    assert claim_run(store, new_worker(store), threads=1) is None


def test_a_wish_for_one_run_leaves_its_neighbours_alone(store: Store) -> None:
    study_id = new_study(store)
    first, second = new_trial(store, study_id, 0), new_trial(store, study_id, 1)
    control_run(store, first, "stopped")
    assert get_run(store, first).state == "stopped"
    assert get_run(store, second).state == "queued"


def test_what_has_ended_cannot_be_resumed(store: Store) -> None:
    study_id = new_study(store)
    run_id = new_trial(store, study_id, 0)
    control_study(store, study_id, "stopped")
    control_study(store, study_id, "running")
    assert (get_run(store, run_id).state, get_run(store, run_id).desired) == ("stopped", "stopped")


def test_a_wrong_name_says_how_many_more_studies_there_are(store: Store) -> None:
    for number in range(8):
        new_study(store, f"study-{number}")
    with pytest.raises(UsageError, match=r"there is study-3, .*, study-7 and 3 more$"):
        find_study(store, "nosuch")


def test_one_worker_at_a_time_proposes(store: Store) -> None:
    study_id, other_id = new_study(store), new_study(store, "other")
    assert become_proposer(store, study_id, 1)
    assert become_proposer(store, study_id, 1)
    assert not become_proposer(store, study_id, 2)
    assert become_proposer(store, other_id, 2)
    leave_proposer(store, study_id, 2)
    assert not become_proposer(store, study_id, 2)
    leave_proposer(store, study_id, 1)
    assert become_proposer(store, study_id, 2)


def test_the_seat_of_a_proposer_that_died_is_free_after_a_while(store: Store) -> None:
    study_id = new_study(store)
    become_proposer(store, study_id, 1)
    with store.writing() as connection:
        connection.execute(
            update(study).values(proposer_until=study.c.proposer_until - PROPOSER_SECONDS - 1)
        )
    assert become_proposer(store, study_id, 2)
    leave_proposer(store, study_id, 1)
    assert not become_proposer(store, study_id, 1)
