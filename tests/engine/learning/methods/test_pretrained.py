"""Methods that hold on to the pretrained weights: RecAdam and mixout."""

import math

import pytest
import torch
from torch import Tensor

from engine.errors import UsageError
from engine.learning.events import Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.methods.pretrained import RecAdam
from engine.learning.prepare import prepare
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

VALUE = "backbone.encoder.layer.0.attention.self.value.weight"
RATES = (1e-3, 2e-3, 3e-3, 4e-3)


def _recadam(ask: Ask, **options: float | str) -> SequenceLearner:
    return prepare(ask(method="recadam", options=options, epochs=1))


def _adam_step(learner: SequenceLearner) -> None:
    """Leave every weight a gradient of 1."""
    for weight in learner.model.parameters():
        weight.grad = torch.ones_like(weight)


def test_the_pull_is_let_go_along_a_sigmoid(ask: Ask) -> None:
    method = _recadam(ask, k=0.5, middle=0.1).method
    assert isinstance(method, RecAdam)
    # t0 = 20
    found = [method.share_that_learns(step, 200) for step in (1, 20, 22, 200)]
    assert found == pytest.approx(
        [1 / (1 + math.exp(9.5)), 0.5, 1 / (1 + math.exp(-1)), 1.0], rel=1e-12
    )


@pytest.mark.parametrize(("rate", "pull"), [(1e-4, 0.25), (3e-3, 1.0)])
def test_a_step_is_as_written_and_stable_at_any_rate(ask: Ask, rate: float, pull: float) -> None:
    """At 3e-3 the paper's pull would be 7.5: six times as far on the other side of the anchor."""
    learner = _recadam(ask, strength=5000, k=0, middle=0)
    pretrained = weights(learner)
    with torch.no_grad():
        for weight in learner.model.parameters():
            weight.add_(1.0)
    _adam_step(learner)
    for group in learner.optimizer.param_groups:
        group["lr"] = rate
    learner.method.before_update(learner.setup, learner.model, learner.optimizer, 0, 1)
    for name, weight in weights(learner).items():
        left = 1.0 if name.startswith("heads") else 1.0 - pull
        torch.testing.assert_close(
            weight - pretrained[name], torch.full_like(weight, left), rtol=0, atol=1e-5
        )
    rates = [group["lr"] for group in learner.optimizer.param_groups]
    assert rates == pytest.approx([rate / 2, rate / 2, rate / 2, rate]), "heads learn as usual"


def test_recadam_holds_the_pretrained_weights(ask: Ask) -> None:
    def drift(middle: float) -> Tensor:
        learner = _recadam(ask, middle=middle, k=5)
        before = weights(learner)
        learn_until(learner, learner.setup.plans[0].last_step)
        return (weights(learner)[VALUE] - before[VALUE]).norm()

    assert drift(0.7) < 0.7 * drift(0.0)


def test_recadam_can_hold_what_each_stage_begins_with(ask: Ask) -> None:
    def moved(anchor: str) -> Tensor:
        learner = _recadam(ask, anchor=anchor, middle=0.5, k=20)
        rest = learn_until(learner, learner.setup.plans[0].last_step)
        before = weights(learner)
        next(event for event in rest if isinstance(event, Stepped))
        return (weights(learner)[VALUE] - before[VALUE]).norm()

    assert moved("stage") < 1e-5
    assert moved("pretrained") > 1e-3, "all that stage 1 taught it is gone after a step"


@pytest.mark.parametrize(
    ("method", "options", "rates"),
    [
        ("recadam", {"anchor": "stage"}, RATES),
        ("mixout", {"p": 0.5, "dropout": "replaced"}, None),
    ],
)
def test_they_go_on_where_they_were(
    ask: Ask, method: str, options: dict[str, float | str], rates: tuple[float, ...] | None
) -> None:
    spec = ask(TRIPLE, method=method, options=options, rates=rates, epochs=1)
    whole, _, (saved,) = learn_saving(spec, 4)
    assert saved.position.stage == 1
    resumed, _ = go_on(spec, saved)
    assert same_weights(weights(resumed), weights(whole))


def test_mixout_mixes_by_neurons_and_is_right_on_average(ask: Ask) -> None:
    learner = prepare(ask(method="mixout", options={"p": 0.75}))
    pretrained = weights(learner)[VALUE]
    weight = dict(learner.model.named_parameters())[VALUE]
    with torch.no_grad():
        weight.add_(1.0)
    seen = []
    for step in range(1, 201):
        learner.method.begin_step(learner.setup, learner.model, 0, step)
        mixed = weight.detach() - pretrained
        # each column is the pretrained one, or goes four times as far from it as the weight does
        assert mixed.eq(mixed[:1]).logical_or((mixed - mixed[:1]).abs() < 1e-5).all()
        assert set(mixed[0].round().tolist()) <= {0.0, 4.0}
        seen.append(mixed[0])
        weight.grad = torch.ones_like(weight)
        learner.method.before_update(learner.setup, learner.model, learner.optimizer, 0, step)
        # the chain rule: a weight that had no part in it learns nothing
        torch.testing.assert_close(weight.grad[0], seen[-1], rtol=0, atol=1e-4)
    assert torch.stack(seen).mean().item() == pytest.approx(1.0, abs=0.1)
    torch.testing.assert_close(weight.detach(), pretrained + 1.0)


def test_gradients_through_a_mixed_weight_are_those_of_the_mixture(ask: Ask) -> None:
    """By finite differences: the loss at θ moves as the gradient that Adam is given says."""
    learner = prepare(ask(method="mixout", options={"p": 0.5}, dropout=False))
    method, setup, model = learner.method, learner.setup, learner.model
    weight = dict(model.named_parameters())[VALUE]
    with torch.no_grad():
        weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)))
    batch = {
        name: torch.from_numpy(value) if not isinstance(value, Tensor) else value
        for name, value in setup.tasks[0].train.batch(torch.arange(8).numpy()).items()
    }
    labels = batch.pop("labels")

    def loss() -> Tensor:
        return torch.nn.functional.cross_entropy(model(batch, 0), labels)

    model.eval()
    method.begin_step(setup, model, 0, 1)
    loss().backward()
    method.before_update(setup, model, learner.optimizer, 0, 1)
    assert weight.grad is not None
    slope = weight.grad.norm().item()
    direction, weight.grad = weight.grad / slope, None
    found = []
    for sign in (1, -1):
        with torch.no_grad():
            weight.add_(sign * 0.01 * direction)
            method.begin_step(setup, model, 0, 1)
            found.append(loss().item())
            method.before_update(setup, model, learner.optimizer, 0, 1)
            weight.sub_(sign * 0.01 * direction)
    assert (found[0] - found[1]) / 0.02 == pytest.approx(slope, rel=0.05)


@pytest.mark.parametrize("dropout", ["kept", "replaced"])
def test_mixout_is_in_the_place_of_dropout_where_asked(ask: Ask, dropout: str) -> None:
    learner = prepare(ask(method="mixout", options={"p": 0.5, "dropout": dropout}))
    model = learner.model
    model.train()
    learner.method.begin_step(learner.setup, model, 0, 1)
    batch = {
        name: torch.as_tensor(value)
        for name, value in learner.setup.tasks[0].train.batch(torch.arange(8).numpy()).items()
        if name != "labels"
    }
    once, again = (model.summarise(model.backbone, batch) for _ in range(2))
    assert torch.equal(once, again) == (dropout == "replaced")
    assert model.dropout.training, "heads have theirs"


def test_mixout_holds_the_pretrained_weights(ask: Ask) -> None:
    learner, _ = learn(ask(method="mixout", options={"p": 0.9}, epochs=1))
    free, _ = learn(ask(epochs=1))
    before = weights(prepare(ask()))
    assert (weights(learner)[VALUE] - before[VALUE]).norm() < (
        weights(free)[VALUE] - before[VALUE]
    ).norm()


def test_mixout_needs_a_linear_layer(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = prepare(ask(method="mixout"))
    learner.model.backbone = torch.nn.Sequential(torch.nn.LayerNorm(4))
    with pytest.raises(UsageError, match="mixout found no linear layer in the backbone; use"):
        learner.method.start(learner.setup, learner.model)
