"""A race survives its worker, and counts once."""

from collections.abc import Callable
from statistics import fmean
from threading import Event

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from bertcl_tui.store.reader import Reader
from engine.learning.prepare import prepare
from engine.spec import StudySpec, derived_seed
from engine.store.connection import Store
from engine.store.measurements import MeasurementRecord, measurements_of
from engine.store.racing import FEWEST, SEEDS
from engine.store.run_states import claim_run, finish_run
from engine.store.runs import RunRecord, Scores, epochs_of, get_run, runs_by_id, trials_of
from engine.store.schema import confirmation, log, run
from engine.store.studies import create_study
from engine.store.workers import end_worker, register_worker
from engine.work.patience import Patience
from engine.work.processes import identity_of
from engine.work.searches import Searches
from tests.process.conftest import kill, measured_by, wait_for, wait_for_end

pytestmark = pytest.mark.process

BEST = 3
RACES = 2
"""What eight trials may have; the best of them needs no more."""


@pytest.fixture
def spec(study_spec: StudySpec) -> StudySpec:
    """Return a search whose trials are so many that the best of them race, and no more."""
    settings = replace(study_spec.search, trials=FEWEST, racing="on", sampler="random")
    protocol = replace(study_spec.protocol, epochs=1)
    return replace(study_spec, protocol=protocol, search=settings)


def test_a_killed_workers_race_is_finished_and_counts_once(
    store: Store, spec: StudySpec, start: Callable[..., int]
) -> None:
    study_id = create_study(store, spec)
    best = _has_its_trials(store, study_id)
    pid = start()
    wait_for(lambda: any(race.step for race in _races(store, study_id)), "a race to take steps")
    kill(pid)
    (begun,) = _races(store, study_id)
    assert begun.state == "running"

    wait_for_end(start())

    races = _races(store, study_id)
    assert races[0].id == begun.id
    assert [race.state for race in races] == ["complete"] * RACES
    expected = [_undisturbed(best, index) for index in range(RACES)]
    assert [(measurements_of(store, race.id), race.p) for race in races] == expected
    assert len(trials_of(store, study_id)) == FEWEST
    with store.reading() as connection:
        assert connection.execute(select(confirmation.c.trial_id, confirmation.c.run_id)).all() == [
            (best.id, race.id) for race in races
        ]
        learnt = epochs_of(connection, run.c.study_id == study_id, one=False)
        said = select(log.c.text).where(log.c.run_id == begun.id).order_by(log.c.id).limit(1)
        assert connection.execute(said).scalar() == "again #3, seed 2 of 3 begins · tiny"
    assert learnt == RACES * len(spec.sequence) * spec.protocol.epochs
    reader = Reader(store.url)
    found = reader.study(study_id)
    reader.close()
    assert found is not None
    assert found.best is not None
    assert (found.state, found.races, found.ended) == ("complete", RACES, FEWEST)
    assert (found.best.number, found.best.seeds) == (BEST, SEEDS)
    assert found.best.p == pytest.approx(fmean((best.p or 0.0, *(p for _, p in expected))))


def _has_its_trials(store: Store, study_id: int) -> RunRecord:
    """Give the study its trials, as if they had been learnt; return the best."""
    worker_id = register_worker(store, identity_of(), device="cpu", threads=1, log_file=None)
    searches = Searches(store, worker_id, Patience(Event()), ("cpu",))
    for number in range(FEWEST):
        assert searches.propose_trial()
        trial = claim_run(store, worker_id, threads=1)
        assert trial is not None
        scores = Scores(p_o=0.9 if number == BEST else 0.1, p_s=0.9 if number == BEST else 0.1)
        finish_run(store, trial.id, worker_id, state="complete", scores=scores)
        searches.tell(get_run(store, trial.id))
    end_worker(store, worker_id)
    return trials_of(store, study_id)[BEST]


def _races(store: Store, study_id: int) -> list[RunRecord]:
    of_study = select(run.c.id).where(run.c.study_id == study_id, run.c.number.is_(None))
    with store.reading() as connection:
        found = connection.execute(of_study).scalars().all()
    return runs_by_id(store, found)


def _undisturbed(trial: RunRecord, index: int) -> tuple[list[MeasurementRecord], float]:
    """Return what a race measures when nothing happens to it, and the p that it comes to."""
    seed = derived_seed("racing", 0, index)
    learner = prepare(replace(trial.spec, seed=seed))
    learner.reports_after = lambda _: False
    measured = measured_by(learner)
    return measured, learner.search_matrix.p
