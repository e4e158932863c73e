"""Runs that ended without a result are queued once more, as the same runs."""

import pytest
from sqlalchemy import select

from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.drift import DriftRecord, drift_of, record_drift
from engine.store.leases import claim_run, finish_run
from engine.store.measurements import (
    MeasurementRecord,
    Progress,
    StageRecord,
    measurements_of,
    record_progress,
    record_stages,
    stages_of,
)
from engine.store.retry import RETRIED, retry_run
from engine.store.runs import Scores, get_run
from engine.store.schema import log
from engine.store.states import RunState
from engine.store.studies import create_study, studies_wanting_trials
from tests.engine.store.conftest import new_study, new_trial, new_worker, study_spec


def _ended(store: Store, state: RunState) -> int:
    """Return a trial, #0, that got to step 8 of 20 and ended for a reason."""
    run_id, worker = new_trial(store, new_study(store, trials=1), 0), new_worker(store)
    claim_run(store, worker, threads=2)
    plan = StageRecord(stage=0, task="sst2", first_step=0, last_step=20)
    record_stages(store, run_id, worker, [plan])
    seen = MeasurementRecord(step=8, stage=0, task=0, split="retention", accuracy=0.7)
    record_progress(store, run_id, worker, Progress(step=8, steps=20), [seen])
    moved = DriftRecord(stage=0, place=0, layer="embeddings", drift=0.1)
    record_drift(store, run_id, worker, [moved])
    scores = Scores(p_o=0.8, p_s=0.6) if state == "complete" else None
    finish_run(store, run_id, worker, state=state, reason="no memory", scores=scores)
    return run_id


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
