from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from engine.spec import Protocol, RunSpec, StudySpec
from engine.store.connection import Store, open_store
from engine.store.leases import become_proposer, has_trial_under_way
from engine.store.measurements import Progress, StageRecord, record_progress, record_stages
from engine.store.run_states import (
    claim_run,
    control_run,
    finish_run,
    retry_run,
)
from engine.store.runs import spent_epochs, trials_of
from engine.store.schema import run, stage
from engine.store.searches import (
    say_what_searches_wait_for,
    searches,
    spending_of,
    studies_wanting_trials,
    unfinished_studies,
)
from engine.store.states import RunState
from engine.store.studies import (
    FinishedTrial,
    control_study,
    create_study,
    get_study,
    import_study,
)
from tests.engine.store.conftest import (
    kill_holder,
    meanwhile,
    new_study,
    new_trial,
    new_worker,
    older_store,
    study_spec,
)

STAGES = (
    StageRecord(stage=0, task="sst2", first_step=0, last_step=20, epochs=5),
    StageRecord(stage=1, task="mrpc", first_step=20, last_step=30, epochs=2),
)


def learn(
    store: Store,
    study_id: int,
    number: int,
    step: int,
    state: RunState | None = "complete",
    *,
    spec: StudySpec | None = None,
) -> int:
    """Let a trial come to a step; None: it is still learning."""
    run_id, worker_id = new_trial(store, study_id, number, spec), new_worker(store, pid=number)
    claimed = claim_run(store, worker_id, threads=1)
    assert claimed is not None
    assert claimed.id == run_id
    record_stages(store, run_id, worker_id, STAGES)
    record_progress(store, run_id, worker_id, Progress(step=step, steps=30))
    if state is not None:
        finish_run(store, run_id, worker_id, state=state)
    return run_id


def spent(store: Store, study_id: int) -> float:
    with store.reading() as connection:
        return spending_of(connection, study_id, 1.0).spent


def test_a_run_has_spent_the_epochs_of_its_steps(store: Store) -> None:
    study_id = new_study(store)
    known = {0: 0.0, 10: 2.5, 20: 5.0, 25: 6.0, 30: 7.0}
    runs = {step: learn(store, study_id, number, step) for number, step in enumerate(known)}
    with store.reading() as connection:
        found = {step: spent_epochs(connection, run.c.id == each) for step, each in runs.items()}
    assert found == known


def test_all_trials_of_a_study_count_whatever_became_of_them(store: Store) -> None:
    study_id, other_id = new_study(store), new_study(store, "other")
    assert spent(store, study_id) == 0
    for number, state in enumerate(("complete", "pruned", "collapsed", "failed")):
        learn(store, study_id, number, 10, state)  # type: ignore[arg-type]
    learn(store, study_id, 4, 25, None)
    learn(store, other_id, 5, 30)
    assert spent(store, study_id) == 4 * 2.5 + 6


def test_what_a_trial_had_spent_before_it_is_run_again_counts(store: Store) -> None:
    study_id = new_study(store)
    run_id = learn(store, study_id, 0, 10, "failed")
    for tries in (1, 2):
        retry_run(store, run_id)
        assert spent(store, study_id) == tries * 2.5
        worker_id = new_worker(store, pid=tries)
        assert claim_run(store, worker_id, threads=1) is not None
        record_stages(store, run_id, worker_id, STAGES)
        record_progress(store, run_id, worker_id, Progress(step=10, steps=30))
        finish_run(store, run_id, worker_id, state="failed")
    assert spent(store, study_id) == 3 * 2.5


def test_a_trial_that_waits_has_spent_nothing(store: Store) -> None:
    study_id = new_study(store)
    new_trial(store, study_id, 0)
    assert spent(store, study_id) == 0


def test_imported_trials_cost_nothing_here(store: Store) -> None:
    trial = FinishedTrial(learning_rates=(1e-5, 1e-5), accuracies=((0.9,), (0.8, 0.7)))
    assert spent(store, import_study(store, study_spec(), [trial], origin="import log")) == 0


def test_what_imported_trials_forgot_is_known_where_they_say_it(store: Store) -> None:
    known = (
        (((0.9,), (0.8, 0.7)), (0.9, 0.1)),
        (((0.9,), (0.95, 0.8), (0.6, 0.85, 0.7)), (0.85, 0.15)),
        (((), (0.8, 0.7)), (None, None)),
        (((0.8, 0.7),), (None, None)),
    )
    trials = [
        FinishedTrial(learning_rates=(1e-5, 1e-5), accuracies=accuracies) for accuracies, _ in known
    ]
    study_id = import_study(store, study_spec(), trials, origin="import log")
    found = [(each.p_o_before, each.forgetting) for each in trials_of(store, study_id)]
    assert found == [
        tuple(value and pytest.approx(value) for value in expected) for _, expected in known
    ]


def test_a_study_wants_trials_until_its_budget_is_spent(store: Store) -> None:
    study_id = create_study(store, study_spec(trials=60, budget=9.0))
    learn(store, study_id, 0, 30)
    assert studies_wanting_trials(store) == [study_id]
    learn(store, study_id, 1, 8)
    assert studies_wanting_trials(store) == []


def test_a_budget_does_not_lift_the_target(store: Store) -> None:
    study_id = create_study(store, study_spec(trials=1, budget=100.0))
    control_run(store, learn(store, study_id, 0, 30), "stopped")
    assert studies_wanting_trials(store) == []


@pytest.mark.parametrize(("own", "epochs"), [(4, 8.0), (None, 0.0)])
def test_runs_of_older_stores_are_counted_where_their_protocol_says(
    tmp_path: Path, own: int | None, epochs: float
) -> None:
    path = tmp_path / "studies.db"
    spec = RunSpec(sequence=("a", "b"), data="hub", model="m", protocol=Protocol(epochs=own))
    with older_store(path, "0002") as connection:
        connection.execute(
            insert(run).values(
                id=1,
                sequence="a:b",
                method=spec.method,
                seed=spec.seed,
                spec=msgspec.json.encode(spec).decode(),
                state="running",
                desired="running",
                step=30,
                steps=30,
                heartbeat_at=0.0,
                created_at=0.0,
            )
        )
        for each in STAGES:
            known = {name: getattr(each, name) for name in ("stage", "task", "first_step")}
            connection.execute(insert(stage).values(run_id=1, last_step=each.last_step, **known))
    store = open_store(str(path))
    with store.reading() as connection:
        assert spent_epochs(connection, run.c.id == 1) == epochs
    store.close()


def test_a_first_stage_that_all_trials_go_on_from_counts_once(store: Store) -> None:
    spec = study_spec(trials=9, budget=9.0)
    search = msgspec.structs.replace(spec.search, searched_stages="later")
    spec = msgspec.structs.replace(spec, search=search)
    study_id = create_study(store, spec)

    def spent() -> float:
        with store.reading() as connection:
            return spending_of(connection, study_id, 9.0, one_first_stage=True).spent

    learn(store, study_id, 0, 10, "failed", spec=spec)
    assert spent() == 2.5
    assert unfinished_studies(store) == {study_id}
    run_id = learn(store, study_id, 1, 30, "failed", spec=spec)
    assert spent() == 7
    retry_run(store, run_id)
    assert spent() == 2 + 2.5, "what only it took is remembered"
    control_run(store, run_id, "stopped")
    learn(store, study_id, 2, 30, "complete", spec=spec)
    assert spent() == 5 + 2 + 2
    assert studies_wanting_trials(store) == []
    assert unfinished_studies(store) == set()
    (record,) = searches(store, None, spec.protocol)
    assert record.epochs == 9


def test_in_order_the_budget_counts_what_is_over_each_time(store: Store) -> None:
    spec = study_spec(trials=9, budget=10.0)
    search = msgspec.structs.replace(spec.search, in_order=2)
    study_id = create_study(store, msgspec.structs.replace(spec, search=search))
    learn(store, study_id, 0, 30)
    learn(store, study_id, 2, 30)  # the sampler's #1 says how #0 ended when it was run again
    assert spent(store, study_id) == 14
    assert studies_wanting_trials(store) == [study_id], "only one of the two counts"
    learn(store, study_id, 3, 0, None)
    assert studies_wanting_trials(store) == []


def test_a_trial_is_under_way_while_a_living_worker_is_at_it(store: Store) -> None:
    study_id = new_study(store)
    assert not has_trial_under_way(store, study_id)
    run_id = learn(store, study_id, 0, 10, None)
    assert has_trial_under_way(store, study_id)
    kill_holder(store, run_id)
    assert not has_trial_under_way(store, study_id)


def test_a_search_on_another_device_is_left_to_those_who_have_it(store: Store) -> None:
    elsewhere = create_study(
        store, msgspec.structs.replace(study_spec("elsewhere"), device="cuda:1")
    )
    here = new_study(store, "here")
    usable = ("auto", "cpu")
    assert studies_wanting_trials(store, usable) == [here]
    assert say_what_searches_wait_for(store, usable) == ["cuda:1"]
    assert say_what_searches_wait_for(store, usable) == []
    assert get_study(store, here).reason is None
    assert "waits for a worker that can use cuda:1" in (get_study(store, elsewhere).reason or "")
    assert studies_wanting_trials(store, ("cuda:1", "cpu")) == [elsewhere]
    assert become_proposer(store, elsewhere, new_worker(store))
    assert get_study(store, elsewhere).reason is None


def test_a_search_that_is_resumed_meanwhile_is_not_taken_for_one_that_is_over(
    store: Store,
) -> None:
    study_id = new_study(store)
    control_study(store, study_id, "paused")
    with meanwhile(lambda: control_study(store, study_id, "running")):
        assert unfinished_studies(store) == {study_id}
