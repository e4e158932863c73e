"""Methods that say which layers learn, or how fast."""

import pytest
import torch

from engine.errors import UsageError
from engine.learning.events import Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.methods.auto_rgn import relative_norm
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from engine.spec.protocol import rate_factor
from tests.engine.learning.asking import (
    TRIPLE,
    Ask,
    go_on,
    learn,
    learn_saving,
    learn_until,
    same_weights,
    weights,
)

RATES = (1e-3, 2e-3, 3e-3, 4e-3)


def _moved_in(learner: SequenceLearner, stage: int) -> set[str]:
    """Learn until a stage is done; return what moved in it."""
    plan = learner.setup.plans[stage]
    if plan.first_step and learner.steps_taken < plan.first_step:
        learn_until(learner, plan.first_step)
    before = weights(learner)
    learn_until(learner, plan.last_step)
    return {name for name, weight in weights(learner).items() if not weight.equal(before[name])}


def _is_low(name: str) -> bool:
    return "embeddings" in name or "encoder.layer.0." in name


@pytest.mark.parametrize(("rates", "state"), [(None, "carried"), (RATES, "fresh")])
def test_low_layers_learn_the_first_task_alone(
    ask: Ask, rates: tuple[float, ...] | None, state: str
) -> None:
    asked = {"options": {"layers": 1}, "rates": rates, "optimizer_state": state}
    learner = prepare(ask(TRIPLE, method="freeze-later", epochs=1, **asked))
    assert any(map(_is_low, _moved_in(learner, 0)))
    for stage in (1, 2):
        moved = _moved_in(learner, stage)
        assert not any(map(_is_low, moved))
        assert any("encoder.layer.1." in name for name in moved)


def test_its_first_stage_is_that_of_flat(ask: Ask) -> None:
    frozen_later = ask(method="freeze-later", options={"layers": 2}, epochs=1)
    later, flat = prepare(frozen_later), prepare(ask(epochs=1))
    last = flat.setup.plans[0].last_step
    for learner in (later, flat):
        learn_until(learner, last)
    assert same_weights(weights(later), weights(flat))


def test_more_layers_than_there_are_cannot_be_frozen_later(ask: Ask) -> None:
    with pytest.raises(UsageError, match="freeze-later cannot freeze 3 layers: the backbone has 2"):
        prepare(ask(method="freeze-later"))


def test_the_encoder_is_frozen_once_it_is_warm(ask: Ask) -> None:
    learner = prepare(ask(method="seq-star", options={"warmup": 1}))
    epoch = learner.setup.plans[0].steps_per_epoch
    rest = learn_until(learner, epoch)
    warm = weights(learner)
    list(rest)
    moved = {name for name, weight in weights(learner).items() if not weight.equal(warm[name])}
    assert moved == {f"heads.{task}.{part}" for task in (0, 1) for part in ("weight", "bias")}


def _assert_gone_on_with(spec: RunSpec, *stops: int) -> None:
    whole, _, saved = learn_saving(spec, *stops)
    for checkpoint in saved:
        resumed, _ = go_on(spec, checkpoint)
        assert same_weights(weights(resumed), weights(whole))


def test_a_frozen_encoder_stays_so_when_it_is_gone_on(ask: Ask) -> None:
    _assert_gone_on_with(ask(method="seq-star", options={"warmup": 1}), 1, 4)


def test_heads_have_their_own_rate_unless_a_profile_says_it(ask: Ask) -> None:
    def rates(**asked: object) -> tuple[float, ...]:
        return prepare(ask(**asked)).setup.learning_rates

    assert rates(method="seq-star", lr=2e-5) == (2e-5, 2e-5, 2e-5, 1e-3)
    assert rates(method="seq-star", rates=RATES) == RATES
    assert rates(method="slca", lr=2e-5) == pytest.approx((2e-5, 2e-5, 2e-5, 2e-3))


def test_slca_is_a_way_to_set_rates(ask: Ask) -> None:
    slow, _ = learn(ask(method="slca", lr=1e-3, options={"ratio": 4}, epochs=1))
    same, _ = learn(ask(rates=(1e-3, 1e-3, 1e-3, 4e-3), epochs=1))
    assert same_weights(weights(slow), weights(same))


def test_heads_cannot_learn_faster_than_any_rate(ask: Ask) -> None:
    with pytest.raises(UsageError, match="slca would let heads learn at 10, which is no rate from"):
        prepare(ask(method="slca", lr=0.1))


def _auto(ask: Ask, **others: object) -> RunSpec:
    return ask(method="auto-rgn", options={"batches": 2}, **others)


def test_a_relative_norm_is_of_what_has_a_gradient() -> None:
    one, other, idle = (torch.nn.Parameter(torch.tensor(value)) for value in ([3.0], [4.0], [9.0]))
    one.grad, other.grad = torch.tensor([0.6]), torch.tensor([0.8])
    assert relative_norm([one, other, idle]) == pytest.approx(1.0 / 5.0)
    assert relative_norm([idle]) == 0.0


def test_rates_are_in_proportion_to_relative_norms(ask: Ask) -> None:
    learner = prepare(_auto(ask, rates=RATES))
    setup, optimizer = learner.setup, learner.optimizer
    groups = {group["choice"]: group for group in optimizer.param_groups}
    # the second step of an epoch averages over both, the third keeps that, the next begins anew
    told = [(1.0, 2.0, 4.0, 0.0), (3.0, 2.0, 4.0, 0.0), (9.0, 9.0, 1.0, 9.0), (2.0, 1.0, 1.0, 1.0)]
    seen = []
    for step, norms in enumerate(told, start=1):
        for choice, group in groups.items():
            group["lr"] = RATES[choice]
            for weight in group["params"]:
                weight.grad = norms[choice] * weight.detach()
        learner.method.before_update(setup, learner.model, optimizer, 0, step)
        seen.append([groups[choice]["lr"] / rate for choice, rate in enumerate(RATES)])
    assert setup.plans[0].steps_per_epoch == 3
    expected = [(0.25, 0.5, 1, 0), (0.5, 0.5, 1, 0), (0.5, 0.5, 1, 0), (1, 0.5, 0.5, 0.5)]
    assert seen == [pytest.approx(row, rel=1e-4) for row in expected]


def test_heads_that_drift_count_no_more_than_those_that_rest(ask: Ask) -> None:
    def later_rates(idle: str) -> list[list[float]]:
        learner = prepare(_auto(ask, idle_heads=idle, epochs=1))
        groups = learner.optimizer.param_groups
        return [
            [group["lr"] for group in learner.optimizer.param_groups]
            for event in learner.events()
            if isinstance(event, Stepped) and event.stage == 1 and groups
        ]

    resting, drifting = later_rates("frozen"), later_rates("drifting")
    assert len(resting) > 1
    assert drifting == [pytest.approx(rates) for rates in resting]


def test_its_rates_are_the_same_when_it_is_gone_on_with(ask: Ask) -> None:
    _assert_gone_on_with(_auto(ask, epochs=1), 1, 2, 4)


def test_the_next_step_has_its_own_rates_again(ask: Ask) -> None:
    learner = prepare(_auto(ask))
    rates = [
        max(group["lr"] for group in learner.optimizer.param_groups)
        for event in learner.events()
        if isinstance(event, Stepped)
    ]
    plan, protocol = learner.setup.plans[0], learner.setup.protocol
    factors = [rate_factor(step, plan.steps, protocol.warmup) for step in range(plan.steps)]
    assert rates == pytest.approx([3e-3 * factor for factor in factors] * 2), "the largest is all"
