"""What matters is found in what was tried, also where Optuna has no table of it."""

import random
from threading import Event
from typing import get_args

import pytest
from sqlalchemy import update

from engine.search.importance import weigh, weigh_if_old
from engine.spec.search import Evaluator
from engine.store.connection import Store
from engine.store.importance import Tried, begin_weighing, importance_of
from engine.store.run_states import claim_run, finish_run
from engine.store.runs import Scores, trials_of
from engine.store.schema import importance
from engine.work.patience import Patience
from engine.work.searches import Searches
from tests.engine.store.conftest import new_study, new_trial, new_worker, store, study_spec

__all__ = ["store"]


def _trials(number: int) -> list[Tried]:
    """Return trials whose p hangs on the second choice much, on the third a little."""
    draw = random.Random(7)
    found = []
    for _ in range(number):
        first, second, third = (draw.uniform(-7, -4) for _ in range(3))
        p = 1.5 - 0.1 * (second + 5) ** 2 - 0.01 * (third + 5) ** 2 + draw.gauss(0, 0.005)
        found.append(Tried((10**first, 10**second, 10**third), p))
    return found


@pytest.mark.parametrize("evaluator", get_args(Evaluator))
def test_the_choice_that_matters_has_the_greatest_share(evaluator: Evaluator) -> None:
    found = weigh(_trials(60), evaluator)
    assert found.trials == found.weighed == 60
    assert sum(found.shares) == pytest.approx(1)
    assert max(range(3), key=found.shares.__getitem__) == 1
    assert found.shares[1] > 0.6


@pytest.mark.parametrize("evaluator", get_args(Evaluator))
def test_the_same_trials_say_the_same(evaluator: Evaluator) -> None:
    assert weigh(_trials(20), evaluator) == weigh(_trials(20), evaluator)


@pytest.mark.parametrize("evaluator", get_args(Evaluator))
def test_trials_all_alike_share_alike(evaluator: Evaluator) -> None:
    assert weigh([Tried((1e-5, 1e-5), 1.4)] * 12, evaluator).shares == (0.5, 0.5)


def test_trials_of_another_grouping_are_left_out() -> None:
    found = weigh([*_trials(30), Tried((1e-5,), 9.0)], "ped-anova")
    assert len(found.shares) == 3


def test_a_worker_tells_it_when_a_trial_ends(store: Store) -> None:
    study, worker = new_study(store, study_spec().name, trials=30), new_worker(store)
    _complete(store, study, worker, range(10))
    Searches(store, worker, Patience(Event()), ("cpu",)).weigh(trials_of(store, study)[-1])
    assert importance_of(store, study, "ped-anova") is not None


def _complete(store: Store, study: int, worker: int, numbers: range) -> None:
    for number in numbers:
        run = new_trial(store, study, number)
        claim_run(store, worker, threads=1)
        finish_run(store, run, worker, state="complete", scores=Scores(p_o=0.8, p_s=number / 100))


def test_it_is_told_from_ten_trials_on_and_then_from_a_tenth_more(store: Store) -> None:
    study, worker = new_study(store, study_spec().name, trials=30), new_worker(store)
    _complete(store, study, worker, range(9))
    assert not weigh_if_old(store, study, "ped-anova")
    assert importance_of(store, study, "ped-anova") is None
    _complete(store, study, worker, range(9, 10))
    assert weigh_if_old(store, study, "ped-anova")
    told = importance_of(store, study, "ped-anova")
    assert told is not None
    assert told.trials == 10
    assert not weigh_if_old(store, study, "ped-anova")
    _complete(store, study, worker, range(10, 11))
    assert weigh_if_old(store, study, "ped-anova")
    assert importance_of(store, study, "fanova") is None


def test_of_workers_that_find_it_out_at_once_one_weighs(store: Store) -> None:
    study, worker = new_study(store, study_spec().name, trials=30), new_worker(store)
    _complete(store, study, worker, range(10))
    assert begin_weighing(store, study, "ped-anova")
    assert not weigh_if_old(store, study, "ped-anova", unless_begun=True)
    assert importance_of(store, study, "ped-anova") is None
    assert weigh_if_old(store, study, "ped-anova")
    _complete(store, study, worker, range(10, 12))
    assert weigh_if_old(store, study, "ped-anova", unless_begun=True)


def test_another_worker_weighs_what_one_died_over(store: Store) -> None:
    study, worker = new_study(store, study_spec().name, trials=30), new_worker(store)
    _complete(store, study, worker, range(10))
    assert begin_weighing(store, study, "ped-anova")
    with store.writing() as connection:
        connection.execute(update(importance).values(told_at=importance.c.told_at - 61))
    assert weigh_if_old(store, study, "ped-anova", unless_begun=True)
