"""Averages of weights are those that one finds by hand along the steps of ``flat``."""

import pytest
import torch
from torch import Tensor

from engine.learning.evaluation import evaluate
from engine.learning.events import Measured, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from tests.engine.learning.asking import Ask, learn, same_weights, weights

Weights = dict[str, Tensor]


def _along(learner: SequenceLearner) -> list[Weights]:
    """Return the weights before the first step and after every one."""
    steps = [weights(learner)]
    steps.extend(weights(learner) for event in learner.events() if isinstance(event, Stepped))
    return steps


@pytest.fixture(scope="module")
def flat(ask: Ask) -> list[Weights]:
    """Return the weights of ``flat`` before its first step and after every one."""
    return _along(prepare(ask(epochs=1)))


def _of_backbone(found: Weights) -> Weights:
    return {name: weight for name, weight in found.items() if name.startswith("backbone.")}


def _of_heads(found: Weights) -> Weights:
    return {name: weight for name, weight in found.items() if name.startswith("heads.")}


def test_wise_ft_ends_a_later_stage_between_its_start_and_its_end(
    ask: Ask, flat: list[Weights]
) -> None:
    learner, _ = learn(ask(method="wise-ft", options={"alpha": 0.75}, epochs=1))
    first = learner.setup.plans[0].last_step
    by_hand = {name: 0.25 * flat[first][name] + 0.75 * flat[-1][name] for name in flat[0]}
    torch.testing.assert_close(_of_backbone(weights(learner)), _of_backbone(by_hand))
    assert same_weights(_of_heads(weights(learner)), _of_heads(flat[-1]))


def test_a_stage_goes_on_from_where_wise_ft_has_put_the_one_before(ask: Ask) -> None:
    triple = ("mood", "topic", "agree")
    steps = _along(prepare(ask(triple, method="wise-ft", options={"alpha": 0.0}, epochs=1)))
    first, second = (plan.last_step for plan in prepare(ask(triple, epochs=1)).setup.plans[:2])
    assert not same_weights(_of_backbone(steps[second - 1]), _of_backbone(steps[first]))
    for end in (second, -1):
        assert same_weights(_of_backbone(steps[end]), _of_backbone(steps[first]))


def test_sfa_at_the_end_alone_is_wise_ft(ask: Ask) -> None:
    sfa, _ = learn(ask(method="sfa", options={"beta": 0.25, "every": 1}, epochs=1))
    wise, _ = learn(ask(method="wise-ft", options={"alpha": 0.75}, epochs=1))
    assert same_weights(weights(sfa), weights(wise))


@pytest.mark.parametrize(("every", "averaged"), [(0.4, {3, 5, 6}), (0.001, {*range(1, 7)})])
def test_sfa_averages_after_every_share_of_a_later_stage_and_at_its_end(
    every: float, averaged: set[int], ask: Ask
) -> None:
    learner = prepare(ask(method="sfa", options={"beta": 1, "every": every}))
    steps = _along(learner)
    first, last = (plan.last_step for plan in learner.setup.plans)
    assert last - first == 6
    back = {
        step
        for step in range(1, last + 1)
        if same_weights(_of_backbone(steps[step]), _of_backbone(steps[first]))
    }
    assert back == {first, *(first + step for step in averaged)}


@pytest.mark.parametrize("decay", [0.6, 1.0])
def test_ema_ends_a_stage_with_the_average_of_its_steps(
    decay: float, ask: Ask, flat: list[Weights]
) -> None:
    learner = prepare(ask(method="ema", options={"decay": decay}, epochs=1))
    first = learner.setup.plans[0].last_step
    mean = flat[0]
    for step in range(1, first + 1):
        kept = min(decay, 1 - 1 / (step + 1))
        mean = {name: kept * mean[name] + (1 - kept) * flat[step][name] for name in mean}
    if decay == 1.0:
        plain = {name: torch.stack([at[name] for at in flat[: first + 1]]).mean(0) for name in mean}
        torch.testing.assert_close(mean, plain)
    averaged = _along(learner)
    assert same_weights(averaged[first - 1], flat[first - 1]), "steps are those of flat"
    torch.testing.assert_close(averaged[first], mean)


def test_the_average_is_what_is_measured_within_a_stage(ask: Ask) -> None:
    learner = prepare(ask(method="ema", options={"decay": 1.0}, measures_per_epoch=3))
    begun = weights(learner)
    events = learner.events()
    event = next(event for event in events if isinstance(event, Measured) and event.step == 1)
    after = weights(learner)
    learner.model.load_state_dict({name: (begun[name] + after[name]) / 2 for name in begun})
    rows = learner.setup.tasks[0].retention
    assert event.measurements[0].loss == pytest.approx(
        evaluate(learner.model, rows, 0, learner.setup.device).loss, rel=1e-4
    )
