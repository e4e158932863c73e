import msgspec
import pytest
from sqlalchemy import update

from engine.store.connection import Store
from engine.store.racing import best_of_studies
from engine.store.run_states import claim_run, create_run, finish_run
from engine.store.runs import Scores, failures_in_a_row, get_run, trials_of
from engine.store.schema import run
from engine.store.states import RunState
from engine.store.studies import control_study, create_study
from tests.engine.store.conftest import new_study, new_trial, new_worker, run_spec, study_spec


def finished(
    store: Store, study_id: int, number: int, *, state: RunState = "complete", p: float = 1.0
) -> None:
    """Add a trial whose rates are its p."""
    run_id = create_run(
        store, study_spec().trial(number, (p / 1e5,) * 2), study_id=study_id, number=number
    )
    worker_id = new_worker(store)
    claim_run(store, worker_id, threads=1)
    scores = Scores(p_o=p / 2, p_s=p / 2) if state == "complete" else None
    finish_run(store, run_id, worker_id, state=state, scores=scores)


def test_a_run_is_read_as_it_was_written(store: Store) -> None:
    spec = run_spec((1e-5, 3e-6))
    run_id = create_run(store, spec, label="flat 1e-5")
    known = get_run(store, run_id)
    assert (known.spec, known.learning_rates, known.label) == (spec, (1e-5, 3e-6), "flat 1e-5")
    assert (known.state, known.desired, known.study_id, known.p) == (
        "queued",
        "running",
        None,
        None,
    )


def test_trials_stand_by_number(store: Store) -> None:
    study_id = new_study(store)
    for number in (2, 0, 1):
        new_trial(store, study_id, number)
    new_trial(store, new_study(store, "other"), 0)
    assert [trial.number for trial in trials_of(store, study_id)] == [0, 1, 2]


def test_p_is_the_sum_of_old_and_new() -> None:
    assert Scores(p_o=0.75, p_s=0.5).p == 1.25


def test_the_best_of_each_other_study_on_the_backbone_is_found(store: Store) -> None:
    asking, low, high = (new_study(store, name) for name in ("asking", "low", "high"))
    foreign = create_study(store, study_spec("foreign", model="roberta"))
    mirrored = create_study(store, study_spec("mirrored", grouping="original-code"))
    for study_id, scores in {
        asking: (1.9,),
        low: (1.1, 1.3, 1.3),
        high: (1.5,),
        foreign: (1.8,),
        mirrored: (1.7,),
    }.items():
        for number, p in enumerate(scores):
            finished(store, study_id, number, p=p)
    finished(store, high, 1, state="collapsed")
    best = best_of_studies(store, "bert", "paper", besides=asking)
    assert list(best) == ["high", "low"]
    assert best == {
        "high": pytest.approx((1.5e-5, 1.5e-5)),
        "low": pytest.approx((1.3e-5, 1.3e-5)),
    }
    assert list(best_of_studies(store, "bert", "paper", besides=asking, limit=1)) == ["high"]
    assert list(best_of_studies(store, "bert", "original-code", besides=asking)) == ["mirrored"]


def test_the_best_of_other_stages_are_no_start(store: Store) -> None:
    later = study_spec("later")
    search = msgspec.structs.replace(later.search, searched_stages="later")
    for spec in (study_spec("all"), msgspec.structs.replace(later, search=search)):
        finished(store, create_study(store, spec), 0, p=1.5)
    asking = new_study(store, "asking")
    assert list(best_of_studies(store, "bert", "paper", besides=asking)) == ["all"]
    assert list(best_of_studies(store, "bert", "paper", besides=asking, stages="later")) == [
        "later"
    ]


def test_failures_count_back_from_the_last_trial(store: Store) -> None:
    study_id = new_study(store, trials=9)
    assert failures_in_a_row(store, study_id) == 0
    for number, state in enumerate(("failed", "complete", "failed", "failed")):
        finished(store, study_id, number, state=state)  # type: ignore[arg-type]
    assert failures_in_a_row(store, study_id) == 2
    finished(store, study_id, 4, state="pruned")
    assert failures_in_a_row(store, study_id) == 0


def test_resuming_forgives_earlier_failures(store: Store) -> None:
    study_id = new_study(store, trials=9)
    for number in range(3):
        finished(store, study_id, number, state="failed")
    with store.writing() as connection:
        connection.execute(update(run).values(finished_at=run.c.finished_at - 1))
    control_study(store, study_id, "running")
    assert failures_in_a_row(store, study_id) == 0
