from sqlalchemy import delete

from engine.spec import Source, Tuning
from engine.store.connection import Store
from engine.store.measurements import (
    MeasurementRecord,
    Progress,
    StageRecord,
    end_accuracies,
    record_progress,
    record_stages,
)
from engine.store.run_states import claim_run, create_run
from engine.store.runs import confirm_trial, confirmations_of, enter_run, entries, runs_on
from engine.store.schema import study
from tests.engine.store.conftest import new_study, new_trial, new_worker, run_spec

SOURCE = Source(
    tuned=(
        Tuning(study="a", sequence="sst2:mrpc", epochs=30.5),
        Tuning(study="b", sequence="qqp:mrpc", epochs=12),
    ),
    searched_on=("sst2:mrpc", "qqp:mrpc"),
)


def test_a_run_stands_in_several_rows(store: Store) -> None:
    one, other = create_run(store, run_spec()), create_run(store, run_spec())
    enter_run(store, other, "flat@2e-5", Source())
    enter_run(store, one, "flat@2e-5", Source())
    enter_run(store, one, "flat@flat-tuned", SOURCE)
    found = [(item.entrant, item.run.id, item.source) for item in entries(store)]
    assert found == [
        ("flat@2e-5", other, Source()),
        ("flat@2e-5", one, Source()),
        ("flat@flat-tuned", one, SOURCE),
    ]


def test_entering_again_renews_the_source_and_keeps_the_place(store: Store) -> None:
    one, other = create_run(store, run_spec()), create_run(store, run_spec())
    for run_id in (one, other):
        enter_run(store, run_id, "combined", Source())
    enter_run(store, one, "combined", SOURCE)
    found = [(item.run.id, item.source) for item in entries(store)]
    assert found == [(one, SOURCE), (other, Source())]


def test_what_tuning_cost_is_the_sum_over_its_studies() -> None:
    assert SOURCE.epochs == 42.5
    assert Source().epochs == 0


def test_trials_are_no_runs_of_the_arena(store: Store) -> None:
    new_trial(store, new_study(store), 0)
    free = create_run(store, run_spec())
    assert [item.id for item in runs_on(store, "sst2:mrpc")] == [free]
    assert runs_on(store, "mrpc:sst2") == []


def test_runs_confirm_trials_and_outlive_them(store: Store) -> None:
    study_id = new_study(store)
    trial, twin = new_trial(store, study_id, 0), new_trial(store, study_id, 1)
    confirming = create_run(store, run_spec())
    for _ in range(2):
        confirm_trial(store, trial, confirming)
    confirm_trial(store, twin, confirming)
    found = confirmations_of(store, study_id)
    assert {key: [run.id for run in runs] for key, runs in found.items()} == {
        trial: [confirming],
        twin: [confirming],
    }
    with store.writing() as connection:
        connection.execute(delete(study))
    assert confirmations_of(store, study_id) == {}
    assert [item.id for item in runs_on(store, "sst2:mrpc")] == [confirming]


def test_accuracies_are_those_at_the_ends_of_stages(store: Store) -> None:
    run_id, worker = create_run(store, run_spec()), new_worker(store)
    claim_run(store, worker, threads=1)
    stages = [
        StageRecord(stage=0, task="sst2", first_step=0, last_step=10),
        StageRecord(stage=1, task="mrpc", first_step=10, last_step=30),
    ]
    record_stages(store, run_id, worker, stages)
    measured = [
        MeasurementRecord(step=step, stage=stage, task=task, split="validation", accuracy=accuracy)
        for step, stage, task, accuracy in (
            (5, 0, 0, 0.1),
            (10, 0, 0, 0.9),
            (30, 1, 1, 0.7),
            (30, 1, 0, 0.8),
        )
    ]
    record_progress(store, run_id, worker, Progress(step=30, steps=30), measured)
    found = end_accuracies(store, [run_id], "validation")
    assert found == {run_id: {(0, 0): 0.9, (1, 0): 0.8, (1, 1): 0.7}}
    assert end_accuracies(store, [run_id], "search") == {}
    assert end_accuracies(store, [], "validation") == {}
