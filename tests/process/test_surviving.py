"""A run survives its worker, and gives what it would have given undisturbed."""

import os
import signal
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.spec import RunSpec, StudySpec
from engine.store.connection import Store
from engine.store.measurements import MeasurementRecord, drift_of, measurements_of
from engine.store.places import place_of
from engine.store.run_states import control_run, create_run
from engine.store.runs import RunRecord, get_run, trials_of
from engine.store.studies import create_study
from engine.work.checkpoints import CheckpointKeeper
from tests.process.conftest import kill, wait_for, wait_for_end

pytestmark = pytest.mark.process

Start = Callable[..., int]


def test_a_run_whose_workers_are_killed_told_to_end_or_to_pause_it_is_finished_bit_for_bit(
    store: Store, run_spec: RunSpec, start: Start, undisturbed: list[MeasurementRecord]
) -> None:
    run_id = create_run(store, run_spec)
    for stage in (0, 1):
        pid = start()
        _wait_for_stage(store, run_id, stage)
        kill(pid)
        assert get_run(store, run_id).state == "running"

    pid = start()
    _wait_for_steps(store, run_id)
    os.kill(pid, signal.SIGTERM)
    wait_for_end(pid)
    assert get_run(store, run_id).state == "paused", "the worker gave it back"

    pid = start()
    _wait_for_steps(store, run_id)
    control_run(store, run_id, "paused")
    wait_for_end(pid)
    paused = get_run(store, run_id)
    assert paused.state == "paused"
    assert 0 < paused.step < (paused.steps or 0)

    control_run(store, run_id, "running")
    wait_for_end(start())

    assert get_run(store, run_id).state == "complete"
    assert measurements_of(store, run_id) == undisturbed


def test_trials_of_a_killed_worker_that_learnt_them_together_are_finished(
    store: Store, study_spec: StudySpec, start: Start
) -> None:
    spec = replace(study_spec, protocol=replace(study_spec.protocol, epochs=2))
    study_id = create_study(store, spec)
    pid = start(stack=3)
    wait_for(lambda: sum(each.step > 0 for each in trials_of(store, study_id)) >= 3, "three trials")
    kill(pid)
    begun = [each for each in trials_of(store, study_id) if each.state == "running"]
    assert len(begun) > 1

    wait_for_end(start(stack=2))

    trials = trials_of(store, study_id)
    assert len(trials) == spec.search.trials
    assert {each.state for each in trials} <= {"complete", "pruned", "collapsed"}


def test_a_killed_workers_trial_is_finished_as_the_same_trial(
    store: Store, study_spec: StudySpec, start: Start
) -> None:
    spec = replace(
        study_spec,
        protocol=replace(study_spec.protocol, epochs=1),
        search=replace(study_spec.search, trials=3),
    )
    disturbed = create_study(store, spec)
    pid = start()
    wait_for(lambda: _begun(store, disturbed, trial=1), "the second trial to take steps")
    kill(pid)
    wait_for_end(start())
    undisturbed = create_study(store, replace(spec, name="undisturbed"))
    wait_for_end(start())

    assert _results(store, disturbed) == _results(store, undisturbed)
    assert len(_results(store, disturbed)) == spec.search.trials


def test_a_checkpoint_left_by_a_deleted_store_is_not_gone_on_from(
    store: Store, short_spec: RunSpec, start: Start, short_undisturbed: list[MeasurementRecord]
) -> None:
    run_id = create_run(store, short_spec)
    name, _ = CheckpointKeeper(place_of(store), run_id, every_seconds=0).names
    left = store.folder / name
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of another run")

    wait_for_end(start())

    assert get_run(store, run_id).state == "complete"
    assert measurements_of(store, run_id) == short_undisturbed


def _wait_for_stage(store: Store, run_id: int, stage: int) -> None:
    wait_for(
        lambda: any(item.stage == stage for item in measurements_of(store, run_id)),
        f"stage {stage} to be measured",
    )


def _wait_for_steps(store: Store, run_id: int) -> None:
    before = get_run(store, run_id).step
    wait_for(lambda: get_run(store, run_id).step > before, "the run to get on")


def _begun(store: Store, study_id: int, *, trial: int) -> bool:
    return any(run.number == trial and run.step > 0 for run in trials_of(store, study_id))


def _results(store: Store, study_id: int) -> list[tuple[object, ...]]:
    return [_result(store, run) for run in trials_of(store, study_id)]


def _result(store: Store, run: RunRecord) -> tuple[object, ...]:
    measured = (measurements_of(store, run.id), drift_of(store, run.id))
    return (run.number, run.state, run.learning_rates, run.p, *measured)
