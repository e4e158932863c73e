"""The best trials once more."""

import pytest
from msgspec.structs import replace

from engine.arena.confirming import confirmed_trials, plan_confirmation
from engine.errors import UsageError
from engine.spec import StudySpec, derived_seed
from engine.store.connection import Store
from engine.store.run_states import create_run
from engine.store.runs import confirm_trial
from engine.store.studies import FinishedTrial, get_study, import_study
from tests.engine.arena.doing import MODEL, do, rates, searched


def test_the_best_trials_get_seeds_that_no_trial_has(store: Store) -> None:
    trials = [(rates(1e-5), 1.2), (rates(2e-5), 1.6), (rates(3e-5), 1.4), (rates(4e-5), 1.5)]
    study = get_study(store, searched(store, "sst2:mrpc", trials))
    planned = plan_confirmation(store, study, top=2, seeds=3)
    fresh = [derived_seed("confirmation", study.spec.seed, index) for index in range(3)]
    assert [(item.trial.number, item.spec.seed, item.state) for item in planned] == [
        (number, seed, "missing") for seed in fresh for number in (1, 3)
    ]
    assert planned[0].spec.learning_rates == rates(2e-5)


def test_stage_1_too_has_a_fresh_seed(store: Store) -> None:
    searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)], first_lr=5e-5)
    study = get_study(store, 1)
    (item,) = plan_confirmation(store, study, top=1, seeds=1)
    assert item.trial.spec.first_seed is not None
    assert (item.spec.first_lr, item.spec.first_seed) == (5e-5, None)


def test_trials_can_be_chosen_instead_and_must_be_complete(store: Store) -> None:
    trials = [(rates(1e-5), 1.2), (rates(2e-5), 1.6), (rates(3e-5), 1.4)]
    study = get_study(store, searched(store, "sst2:mrpc", trials, target=9))
    create_run(store, study.spec.trial(3, rates(4e-5)), study_id=study.id, number=3)
    planned = plan_confirmation(store, study, top=1, seeds=1, numbers={0, 2, 3})
    assert [item.trial.number for item in planned] == [2, 0]
    with pytest.raises(UsageError, match="none of these trials"):
        plan_confirmation(store, study, top=1, seeds=1, numbers={3})


def test_seeds_that_trials_have_are_passed_over(store: Store) -> None:
    study = get_study(store, searched(store, "sst2:mrpc", [(rates(1e-5), 1.2)], target=2))
    first, second = (derived_seed("confirmation", study.spec.seed, index) for index in range(2))
    taken = replace(study.spec.trial(1, rates(1e-5)), seed=first)
    create_run(store, taken, study_id=study.id, number=1)
    (item,) = plan_confirmation(store, study, top=1, seeds=1)
    assert item.spec.seed == second


def test_what_is_confirmed_stands_beside_what_was_searched(store: Store) -> None:
    trials = [(rates(1e-5), 1.6), (rates(2e-5), 1.5), (rates(3e-5), 1.4)]
    study_id = searched(store, "sst2:mrpc", trials)
    skill = iter((0.70, 0.71))
    for item in plan_confirmation(store, get_study(store, study_id), top=2, seeds=2):
        run_id = create_run(store, item.spec)
        # the best trial was lucky
        p_s = 0.5 if item.trial.number == 0 else next(skill)
        do(store, ((0.9,), (0.8, p_s)))
        confirm_trial(store, item.trial.id, run_id)
    skilled, lucky = confirmed_trials(store, study_id)
    assert (skilled.number, skilled.searched, skilled.seeds) == (1, 1.5, 2)
    assert skilled.confirmed == pytest.approx(1.505)
    # s = 0.01 / sqrt 2, t(0.975, 1) = 12.706205
    assert skilled.half_width == pytest.approx(12.706205 * 0.005, rel=1e-6)
    assert (lucky.number, lucky.searched, lucky.confirmed) == (0, 1.6, pytest.approx(1.3))
    assert lucky.validation == pytest.approx(1.3)
    planned = plan_confirmation(store, get_study(store, study_id), top=2, seeds=3)
    assert [item.state for item in planned] == ["complete"] * 4 + ["missing"] * 2


def test_a_study_without_a_complete_trial_cannot_be_confirmed(store: Store) -> None:
    study = get_study(store, searched(store, "sst2:mrpc", [], target=3))
    with pytest.raises(UsageError, match="no complete trial yet"):
        plan_confirmation(store, study, top=1, seeds=1)


def test_an_imported_study_has_no_protocol_to_run_by(store: Store) -> None:
    spec = StudySpec(name="theirs", sequence=("sst2", "mrpc"), data="hub", model=MODEL)
    trial = FinishedTrial(learning_rates=rates(1e-5), accuracies=((0.9,), (0.8, 0.7)))
    study = get_study(store, import_study(store, spec, [trial], origin="import of log.csv"))
    with pytest.raises(UsageError, match="its protocol is not known"):
        plan_confirmation(store, study, top=1, seeds=1)
