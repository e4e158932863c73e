from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from sqlalchemy import select

from engine.errors import UsageError
from engine.store.confusions import ConfusionRecord, confusions_of
from engine.store.connection import Store
from engine.store.leases import (
    LeaseLostError,
    any_waits_for_first_stage,
    begin_first_stage,
    end_first_stage,
    learns_first_stage,
    waits_for_stage_of,
)
from engine.store.measurements import (
    DriftRecord,
    MeasurementRecord,
    ProbeRecord,
    Progress,
    StageRecord,
    drift_of,
    measurements_of,
    probes_of,
    record_progress,
    record_stage_end,
    record_stages,
    stages_of,
)
from engine.store.run_states import (
    beat_for_run,
    claim_run,
    control_run,
    create_run,
    desired_of,
    finish_run,
    note_checkpoint,
    note_learning_rates,
    release_run,
    retry_run,
)
from engine.store.runs import RunRecord, Scores, get_run
from engine.store.schema import log, run, worker
from engine.store.searches import studies_wanting_trials
from engine.store.states import RETRIED, RunState
from engine.store.studies import create_study
from engine.store.traces import TraceRecord, traces_of
from engine.store.workers import end_worker, living_workers, say_what_waits
from tests.engine.store.conftest import (
    kill_holder,
    new_study,
    new_trial,
    new_worker,
    run_spec,
    study_spec,
)

in_a_file = pytest.mark.parametrize("any_store", ["sqlite"], indirect=True)
"""For cases of what others show of a server, too."""


def claimed(store: Store, worker_id: int, *, threads: int = 1) -> RunRecord:
    record = claim_run(store, worker_id, threads=threads)
    assert record is not None
    return record


def release(store: Store, run_id: int, worker_id: int, state: RunState = "paused") -> None:
    release_run(store, run_id, worker_id, state=state, busy_seconds=1.5)


def test_the_oldest_queued_run_is_claimed_first(store: Store) -> None:
    ids = [create_run(store, run_spec()) for _ in range(3)]
    worker_id = new_worker(store)
    assert [claimed(store, worker_id).id for _ in range(3)] == ids
    assert claim_run(store, worker_id, threads=1) is None


def test_a_trial_is_remembered_once_whoever_proposed_it(store: Store) -> None:
    study_id = new_study(store)
    run_id = new_trial(store, study_id, 0)
    claimed(store, new_worker(store))
    assert new_trial(store, study_id, 0) == run_id
    assert get_run(store, run_id).state == "running"


def test_a_run_that_was_begun_goes_before_queued_ones(store: Store) -> None:
    first, second, third = (create_run(store, run_spec()) for _ in range(3))
    one, other = new_worker(store, 1), new_worker(store, 2)
    claimed(store, one)
    claimed(store, other)
    release(store, second, other)
    assert claimed(store, other).id == second
    kill_holder(store, first)
    assert claimed(store, new_worker(store, 3)).id == first
    assert claimed(store, new_worker(store, 4)).id == third


def test_a_claim_says_who_holds_the_run(store: Store) -> None:
    run_id = create_run(store, run_spec())
    worker_id = new_worker(store)
    record = claimed(store, worker_id, threads=2)
    assert (record.id, record.state, record.threads) == (run_id, "running", 2)
    with store.reading() as connection:
        row = connection.execute(select(run.c.worker_id, run.c.started_at)).one()
        assert connection.execute(select(worker.c.run_id)).scalar_one() == run_id
    assert row.worker_id == worker_id
    assert row.started_at is not None


@in_a_file
@pytest.mark.parametrize("desired", ["paused", "stopped"])
def test_an_unwanted_run_is_not_claimed(store: Store, desired: str) -> None:
    run_id = create_run(store, run_spec())
    control_run(store, run_id, desired)  # type: ignore[arg-type]
    assert claim_run(store, new_worker(store), threads=1) is None


def test_a_run_waits_for_a_worker_that_can_use_its_device(store: Store) -> None:
    runs = {
        device: create_run(store, msgspec.structs.replace(run_spec(), device=device))
        for device in ("cuda:1", "auto")
    }
    worker_id, usable = new_worker(store), ("auto", "cpu")
    taken = claim_run(store, worker_id, threads=1, devices=usable)
    assert taken is not None
    assert taken.id == runs["auto"]
    assert claim_run(store, worker_id, threads=1, devices=usable) is None
    assert say_what_waits(store, usable) == ["cuda:1"]
    assert say_what_waits(store, usable) == []
    waiting = get_run(store, runs["cuda:1"])
    assert waiting.state == "queued"
    assert waiting.reason == (
        "waits for a worker that can use cuda:1; start one there: bertcl-tui worker --device cuda:1"
    )
    there = claim_run(store, new_worker(store, 2), threads=1, devices=("cuda:1", "cpu"))
    assert there is not None
    assert (there.id, there.reason) == (waiting.id, None)


def test_a_paused_run_is_claimed_again_when_it_is_resumed(store: Store) -> None:
    run_id = create_run(store, run_spec())
    worker_id = new_worker(store)
    claimed(store, worker_id, threads=2)
    control_run(store, run_id, "paused")
    assert desired_of(store, run_id, worker_id) == "paused"
    release(store, run_id, worker_id)
    assert get_run(store, run_id).state == "paused"
    assert claim_run(store, worker_id, threads=1) is None
    control_run(store, run_id, "running")
    again = claimed(store, worker_id, threads=7)
    assert (again.id, again.threads, again.attempts) == (run_id, 2, 0)


def test_a_held_run_is_lost_only_when_its_heartbeat_is_old(store: Store) -> None:
    run_id = create_run(store, run_spec())
    first, second = new_worker(store, 1), new_worker(store, 2)
    claimed(store, first)
    assert claim_run(store, second, threads=1) is None
    kill_holder(store, run_id)
    beat_for_run(store, run_id, first)
    assert claim_run(store, second, threads=1) is None
    kill_holder(store, run_id)
    taken = claimed(store, second)
    assert (taken.id, taken.attempts) == (run_id, 1)


def _lost_at(store: Store, *steps: int) -> RunRecord:
    """Return a run as it is claimed after a worker was lost at each of these steps."""
    run_id = create_run(store, run_spec())
    for pid, step in enumerate(steps, start=1):
        worker_id = new_worker(store, pid)
        assert claimed(store, worker_id).id == run_id
        record_progress(store, run_id, worker_id, Progress(step=step, steps=99))
        end_worker(store, worker_id)
    return claimed(store, new_worker(store, 1000))


@in_a_file
@pytest.mark.parametrize(
    ("steps", "counted"),
    [
        ((7,), (1, 7)),
        ((7, 7, 7), (3, 7)),
        ((7, 8, 9, 10, 11, 12), (1, 12)),
        ((7, 7, 7, 8, 8), (2, 8)),
        ((7, 7, 3, 5, 7), (3, 7)),
        ((0, 0, 0), (3, 0)),
    ],
)
def test_workers_lost_at_the_same_step_count_and_others_do_not(
    store: Store, steps: tuple[int, ...], counted: tuple[int, int]
) -> None:
    run = _lost_at(store, *steps)
    assert (run.attempts, run.lost_step) == counted


def test_a_run_that_is_to_pause_when_its_worker_is_lost_is_counted_alike(store: Store) -> None:
    run_id = create_run(store, run_spec())
    for pid in (1, 2):
        worker_id = new_worker(store, pid)
        claimed(store, worker_id)
        control_run(store, run_id, "paused")
        end_worker(store, worker_id)
        control_run(store, run_id, "running")
    assert get_run(store, run_id).attempts == 2


def test_a_checkpoint_forgives_the_workers_lost_before_it(store: Store) -> None:
    run_id = _lost_at(store, 4, 4, 4).id
    (holder,) = living_workers(store)
    note_checkpoint(store, run_id, holder.id)
    end_worker(store, holder.id)
    assert claimed(store, new_worker(store, 2000)).attempts == 1


def test_the_run_of_a_worker_known_to_be_dead_is_lost_at_once(store: Store) -> None:
    run_id = create_run(store, run_spec())
    first, second = new_worker(store, 1), new_worker(store, 2)
    claimed(store, first)
    end_worker(store, first)
    assert claimed(store, second).id == run_id


@pytest.mark.parametrize(("desired", "becomes"), [("stopped", "stopped"), ("paused", "paused")])
def test_control_that_came_before_the_worker_died_is_done_without_it(
    store: Store, desired: str, becomes: RunState
) -> None:
    buried, silent = create_run(store, run_spec()), create_run(store, run_spec())
    first, second = new_worker(store, 1), new_worker(store, 2)
    claimed(store, first)
    claimed(store, second)
    for run_id in (buried, silent):
        control_run(store, run_id, desired)  # type: ignore[arg-type]
    end_worker(store, first)
    assert get_run(store, buried).state == becomes
    kill_holder(store, silent)
    assert claim_run(store, new_worker(store, 3), threads=1) is None
    assert get_run(store, silent).state == becomes


LATE_WRITES: tuple[Callable[[Store, int, int], object], ...] = (
    beat_for_run,
    desired_of,
    release,
    partial(finish_run, state="complete", scores=Scores(p_o=0.1, p_s=0.1)),
    note_checkpoint,
    partial(note_learning_rates, rates=(1e-1,)),
    partial(record_progress, progress=Progress(step=9, steps=9)),
    partial(record_stages, stages=[StageRecord(stage=0, task="sst2", first_step=0, last_step=9)]),
)


def test_a_late_holder_is_refused_and_changes_nothing(store: Store) -> None:
    run_id = create_run(store, run_spec())
    late, holder = new_worker(store, 1), new_worker(store, 2)
    claimed(store, late)
    kill_holder(store, run_id)
    claimed(store, holder)
    with store.reading() as connection:
        before = connection.execute(select(run)).one()
    for write in LATE_WRITES:
        with pytest.raises(LeaseLostError, match=f"run {run_id} is held by another worker"):
            write(store, run_id, late)
        with store.reading() as connection:
            assert connection.execute(select(run)).one() == before, write


def test_a_finished_run_has_its_scores_and_no_holder(store: Store) -> None:
    run_id = create_run(store, run_spec())
    worker_id = new_worker(store)
    claimed(store, worker_id)
    release(store, run_id, worker_id)
    claimed(store, worker_id)
    finish_run(
        store,
        run_id,
        worker_id,
        state="complete",
        scores=Scores(p_o=0.75, p_s=0.5),
        reported=Scores(p_o=0.7, p_s=0.4),
        busy_seconds=2.0,
    )
    with store.reading() as connection:
        row = connection.execute(select(run)).one()
        assert connection.execute(select(worker.c.run_id)).scalar_one() is None
    assert (row.state, row.worker_id, row.busy_seconds) == ("complete", None, 3.5)
    assert (row.p, row.p_o, row.p_s) == (1.25, 0.75, 0.5)
    assert (row.reported_p, row.reported_p_o, row.reported_p_s) == (pytest.approx(1.1), 0.7, 0.4)
    assert row.finished_at >= row.started_at


@in_a_file
@pytest.mark.parametrize("state", ["complete", "pruned", "collapsed", "failed", "stopped"])
def test_an_ended_run_is_claimed_by_nobody(store: Store, state: RunState) -> None:
    run_id = new_trial(store, new_study(store), 0)
    worker_id = new_worker(store)
    claimed(store, worker_id)
    finish_run(store, run_id, worker_id, state=state, reason="for a reason")
    assert claim_run(store, worker_id, threads=1) is None
    assert get_run(store, run_id).reason == "for a reason"


def _ended(store: Store, state: RunState) -> int:
    """Return a trial, #0, that got to step 8 of 20 and ended for a reason."""
    run_id, worker = new_trial(store, new_study(store, trials=1), 0), new_worker(store)
    claim_run(store, worker, threads=2)
    plan = StageRecord(stage=0, task="sst2", first_step=0, last_step=20)
    record_stages(store, run_id, worker, [plan])
    seen = MeasurementRecord(step=8, stage=0, task=0, split="retention", accuracy=0.7)
    looked_at = TraceRecord(step=8, loss=0.5, ratios=(-3.0,))
    record_progress(store, run_id, worker, Progress(step=8, steps=20), [seen], traces=[looked_at])
    moved = DriftRecord(stage=0, place=0, layer="embeddings", drift=0.1)
    probed = ProbeRecord(stage=0, task=0, rows=10, score=0.7)
    counted = ConfusionRecord(stage=0, task=0, labels=("no", "yes"), cells=((0, 0, 7), (1, 0, 3)))
    record_stage_end(store, run_id, worker, [moved], [probed], confusions=[counted])
    scores = Scores(p_o=0.8, p_s=0.6) if state == "complete" else None
    finish_run(store, run_id, worker, state=state, reason="no memory", scores=scores)
    return run_id


@in_a_file
@pytest.mark.parametrize("state", RETRIED)
def test_it_begins_again_as_the_same_trial(store: Store, state: RunState) -> None:
    run_id = _ended(store, state)
    before = get_run(store, run_id)
    retry_run(store, run_id)
    run = get_run(store, run_id)
    assert (run.state, run.step, run.reason, run.threads) == ("queued", 0, None, None)
    assert (run.number, run.spec, run.learning_rates) == (0, before.spec, before.learning_rates)
    assert not measurements_of(store, run_id)
    assert not stages_of(store, run_id)
    assert not drift_of(store, run_id)
    assert not probes_of(store, [run_id])
    assert not traces_of(store, run_id)
    assert not confusions_of(store, run_id)
    assert not studies_wanting_trials(store), "it is no new trial"
    claimed = claim_run(store, new_worker(store, pid=200), threads=1)
    assert claimed is not None
    assert claimed.id == run_id


def test_how_it_had_ended_stays_in_its_log(store: Store) -> None:
    run_id = _ended(store, "failed")
    retry_run(store, run_id)
    with store.reading() as connection:
        (text,) = connection.execute(select(log.c.text).where(log.c.run_id == run_id)).scalars()
    assert text == "#0 is run again; it had ended as failed: no memory"


def test_what_is_complete_waits_or_came_from_elsewhere_is_not_run_again(store: Store) -> None:
    done = _ended(store, "complete")
    with pytest.raises(UsageError, match="#0 is complete; confirm runs it again with fresh seeds"):
        retry_run(store, done)
    imported = create_study(store, study_spec("theirs"), origin="import log.csv")
    waiting = new_trial(store, imported, 4)
    with pytest.raises(UsageError, match="#4 was imported"):
        retry_run(store, waiting)
    queued = new_trial(store, new_study(store, "mine"), 2)
    with pytest.raises(UsageError, match="#2 is queued"):
        retry_run(store, queued)


def _at_first_stage(store: Store, run_id: int, key: str) -> int:
    """Let a worker of its own begin with a run's first stage; return the worker."""
    worker_id = new_worker(store, 500 + run_id)
    assert claimed(store, worker_id).id == run_id
    assert begin_first_stage(store, run_id, worker_id, key) is None
    return worker_id


def test_a_first_stage_that_is_being_learnt_is_waited_for(store: Store) -> None:
    first, second = (create_run(store, run_spec()) for _ in range(2))
    at_it = _at_first_stage(store, first, "same")
    other = new_worker(store, 2)
    claimed(store, other)
    assert begin_first_stage(store, second, other, "same") == f"run {first}"
    why = waits_for_stage_of(f"run {first}")
    release_run(store, second, other, state="queued", busy_seconds=1.5, reason=why)
    assert claim_run(store, other, threads=1) is None
    assert any_waits_for_first_stage(store)
    assert get_run(store, second).reason == why
    end_first_stage(store, first, at_it)
    assert not any_waits_for_first_stage(store)
    assert get_run(store, second).reason is None
    assert claimed(store, other).id == second
    assert begin_first_stage(store, second, other, "same") is None


def test_another_first_stage_is_not_waited_for(store: Store) -> None:
    first, second = (create_run(store, run_spec()) for _ in range(2))
    _at_first_stage(store, first, "one")
    _at_first_stage(store, second, "another")
    assert not any_waits_for_first_stage(store)


def test_nobody_waits_for_a_worker_that_is_lost(store: Store) -> None:
    first, second = (create_run(store, run_spec()) for _ in range(2))
    at_it = _at_first_stage(store, first, "same")
    other = new_worker(store, 2)
    claimed(store, other)
    assert begin_first_stage(store, second, other, "same") == f"run {first}"
    release(store, second, other, "queued")
    end_worker(store, at_it)
    again = claimed(store, other).id
    assert again == first, "begun ones first"
    assert begin_first_stage(store, first, other, "same") is None


def test_what_may_begin_as_another_does_is_claimed_last(store: Store) -> None:
    seeds = (0, 0, 0, 1)
    first, *_, of_another_seed = (
        create_run(store, msgspec.structs.replace(run_spec(), seed=seed)) for seed in seeds
    )
    of_a_study = new_trial(store, new_study(store), 0)
    _at_first_stage(store, first, "key")
    worker_id = new_worker(store, 2)
    order = [claimed(store, worker_id).id for _ in range(4)]
    assert order[:2] == [of_another_seed, of_a_study]


def test_a_trial_that_begins_as_another_of_its_study_is_claimed_last(store: Store) -> None:
    study_id, other_study = new_study(store), new_study(store, "other")
    first, _ = (new_trial(store, study_id, number) for number in range(2))
    _at_first_stage(store, first, "key")
    of_another_study = new_trial(store, other_study, 0)
    assert learns_first_stage(store, study_id)
    assert not learns_first_stage(store, other_study)
    assert claimed(store, new_worker(store, 2)).id == of_another_study
