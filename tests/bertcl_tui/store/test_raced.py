"""What lists and screens say of a study whose best trials have raced."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from bertcl_tui.store.past import PastReader
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import Order
from bertcl_tui.style.wording import best_text, headway, seeds_text
from engine.spec import StudySpec
from engine.store.connection import Store, open_store
from engine.store.racing import Contender, contenders
from engine.store.schema import run
from engine.store.searches import end_early
from engine.store.studies import control_study, create_study
from tests.engine.store.conftest import new_worker
from tests.engine.store.test_racing import add_race, add_trials, complete, raced_study

LUCKY, STEADY = 8, 7


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "raced.db"))


@pytest.fixture
def study_id(store: Store) -> int:
    spec: StudySpec = raced_study()
    study_id = create_study(store, spec)
    add_trials(store, study_id, spec, [1.0 + number / 10 for number in range(9)])
    return study_id


def contender(store: Store, study_id: int, number: int) -> Contender:
    with store.reading() as connection:
        return next(each for each in contenders(connection, study_id) if each.number == number)


def race(store: Store, study_id: int, number: int, *scores: float) -> None:
    found, worker_id = contender(store, study_id, number), new_worker(store)
    for seed, p in enumerate(scores):
        complete(store, add_race(store, study_id, found, seed), p, worker_id)


def test_the_best_is_a_mean_over_three_seeds_as_soon_as_there_is_one(
    store: Store, study_id: int
) -> None:
    reader = Reader(store.url)
    before = reader.study(study_id)
    assert before is not None
    assert before.best is not None
    assert best_text(before.best) == "1.800 (#8, 1 seed)"
    race(store, study_id, LUCKY, 1.2)
    race(store, study_id, STEADY, 1.7, 1.6)
    row = reader.study(study_id)
    assert row is not None
    assert row.best is not None
    assert best_text(row.best) == "1.667±0.143 (#7, 3 seeds)"
    assert row.best.p_o + row.best.p_s == pytest.approx(row.best.p)
    assert (row.races, headway(row)) == (3, "9/9 trials")


def test_at_a_moment_only_those_seeds_are_known_that_had_ended(store: Store, study_id: int) -> None:
    race(store, study_id, LUCKY, 1.2)
    with store.reading() as connection:
        moment = connection.execute(select(func.max(run.c.finished_at))).scalar_one()
    race(store, study_id, STEADY, 1.7, 1.6)
    past = PastReader(Reader(store.url), moment)
    row = past.study(study_id)
    assert row is not None
    assert row.best is not None
    assert best_text(row.best) == "1.700 (#7, 1 seed)"
    assert row.races == 1
    lucky, steady = past.chosen_trials(study_id, [LUCKY, STEADY])
    assert lucky.seeds == 2
    assert steady.raced is None


def test_a_study_is_not_complete_before_its_best_have_raced(store: Store, study_id: int) -> None:
    reader = Reader(store.url)
    states = []
    for number in (LUCKY, STEADY, 6):
        row = reader.study(study_id)
        assert row is not None
        states.append(row.state)
        race(store, study_id, number, 1.2)
    row = reader.study(study_id)
    assert row is not None
    assert (states, row.state) == (["queued"] * 3, "complete")
    assert row.counts == {"complete": 9}


def test_trials_have_their_own_p_and_the_mean_over_their_seeds(store: Store, study_id: int) -> None:
    race(store, study_id, LUCKY, 1.2, 1.2)
    rows = Reader(store.url).trials(study_id, order=Order("mean_p", descending=True)).rows
    assert [row.number for row in rows][:4] == [7, 6, 5, 8]
    lucky = rows[3]
    assert (lucky.p, lucky.mean_p, lucky.seeds) == (1.8, pytest.approx(1.4), 3)
    assert lucky.raced is not None
    assert seeds_text(lucky.raced) == "mean 1.400±0.861 (3 seeds)"
    assert (rows[0].mean_p, rows[0].seeds, rows[0].raced) == (1.7, 1, None)
    assert lucky.confirmation is None


def test_a_study_that_ended_early_says_why_and_has_not_failed(store: Store) -> None:
    spec = raced_study(trials=50)
    flat = create_study(store, replace(spec, name="flat"))
    add_trials(store, flat, spec, [1.0] * 3)
    end_early(store, flat, "nothing gained")
    control_study(store, flat, "paused")
    row = Reader(store.url).study(flat)
    assert row is not None
    assert (row.state, row.reason, row.target) == ("complete", "ended early: nothing gained", 3)
