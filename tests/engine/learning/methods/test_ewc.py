"""Elastic weight consolidation: which Fisher, where its penalty acts, and runs that were before."""

import pytest
import torch

from engine.errors import UsageError
from engine.learning.methods import make_method
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from tests.engine.learning.asking import (
    PAIR,
    TRIPLE,
    Ask,
    go_on,
    learn,
    learn_saving,
    learn_until,
    same_weights,
    weights,
)

PENALTIES = ("coupled", "decoupled")
PROFILE = (1e-3, 2e-3, 3e-3, 3e-3)


def test_without_importance_it_is_flat(ask: Ask) -> None:
    free, _ = learn(ask(epochs=1))
    for penalty in PENALTIES:
        options = {"importance": 0, "rows": 4, "penalty": penalty}
        held, _ = learn(ask(method="ewc-task", options=options, epochs=1))
        assert same_weights(weights(held), weights(free))


def test_a_decoupled_penalty_holds_what_the_earlier_task_needs(ask: Ask) -> None:
    def drift(importance: float) -> float:
        learner = prepare(_decoupled(ask, importance))
        rest = learn_until(learner, learner.setup.plans[0].last_step)
        before = weights(learner)
        list(rest)
        name = "backbone.encoder.layer.0.attention.self.value.weight"
        return float((weights(learner)[name] - before[name]).norm())

    free, held, held_at_any_rate = (drift(importance) for importance in (0.0, 1e5, 1e9))
    assert 0 < held_at_any_rate < held < free


def _decoupled(
    ask: Ask, importance: float = 1e5, sequence: tuple[str, ...] = PAIR, **others: object
) -> RunSpec:
    options = {"importance": importance, "rows": 8, "penalty": "decoupled"}
    return ask(sequence, method="ewc-task", options=options, epochs=1, **others)


def test_a_decoupled_one_goes_on_where_it_was(ask: Ask) -> None:
    spec = _decoupled(ask, sequence=TRIPLE, rates=PROFILE)
    whole, _, saved = learn_saving(spec, 4, 7)
    assert [checkpoint.position.stage for checkpoint in saved] == [1, 2]
    for checkpoint in saved:
        resumed, _ = go_on(spec, checkpoint)
        assert same_weights(weights(resumed), weights(whole))


def test_with_a_profile_each_choice_is_pulled_at_its_own_rate(ask: Ask) -> None:
    def moved(rates: tuple[float, ...]) -> dict[str, torch.Tensor]:
        learner = prepare(_decoupled(ask, rates=rates))
        rest = learn_until(learner, learner.setup.plans[0].last_step)
        before = weights(learner)
        list(rest)
        after = weights(learner)
        return {name: (after[name] - before[name]).norm() for name in before}

    slow, fast = moved(PROFILE), moved((3e-3, *PROFILE[1:]))
    name = "backbone.embeddings.word_embeddings.weight"
    assert slow[name] < fast[name]


@pytest.mark.parametrize("method", ["ewc-task", "ewc-mlm"])
def test_a_run_from_before_there_was_a_choice_is_gone_on_with(ask: Ask, method: str) -> None:
    spec = ask(method=method, options={"fisher": "sampled", "penalty": "coupled"})
    signature = make_method(spec).signature()
    assert "fisher" not in signature
    assert "penalty" not in signature
    others = [{"fisher": "empirical"}, {"fisher": "sampled", "penalty": "decoupled"}]
    for other in others:
        assert make_method(ask(method=method, options=other)).signature() != signature


def test_the_kinds_are_told_apart(ask: Ask) -> None:
    usual = make_method(ask(method="ewc-task"))
    assert usual.options["fisher"] == "exact"
    assert '"fisher":"exact"' in usual.signature()


@pytest.mark.parametrize(
    ("method", "options", "fault"),
    [
        ("ewc-task", {"fisher": "batched"}, "fisher of method ewc-task is exact or sampled or"),
        ("ewc-mlm", {"fisher": "exact"}, "fisher of method ewc-mlm is sampled or empirical, not"),
        ("ewc-task", {"penalty": "both"}, "penalty of .* is coupled or decoupled, not 'both'"),
    ],
)
def test_what_there_is_not(ask: Ask, method: str, options: dict[str, str], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        make_method(ask(method=method, options=options))
