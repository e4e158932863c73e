import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.learning.events import Wanted
from engine.learning.learner import SequenceLearner
from engine.learning.model import SequenceModel
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from tests.engine.learning.asking import Ask, same_weights, weights

ROWS = np.arange(16)


def _resting(spec: RunSpec) -> SequenceLearner:
    learner = prepare(spec)
    learner.model.eval()
    return learner


def _of_step(learner: SequenceLearner, stage: int) -> dict[str, Tensor]:
    """Return the gradients that the optimizer gets for a step."""
    learner._gradients.of_step(Wanted(stage, 1, ROWS))
    return {
        name: weight.grad
        for name, weight in learner.model.named_parameters()
        if weight.grad is not None
    }


def _plain(learner: SequenceLearner, stage: int) -> dict[str, Tensor]:
    """Return the gradients of the rows' cross-entropy."""
    batch = learner.setup.tasks[stage].train.batch(ROWS)
    labels = torch.from_numpy(batch.pop("labels"))
    inputs = {name: torch.from_numpy(value) for name, value in batch.items()}
    loss = functional.cross_entropy(learner.model(inputs, stage), labels)
    named = dict(learner.model.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    return {
        name: gradient for name, gradient in zip(named, found, strict=True) if gradient is not None
    }


def _move(model: SequenceModel, by: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name in by:
                weight.add_(by[name])


def test_a_step_uses_the_gradient_where_the_loss_is_higher(ask: Ask) -> None:
    spec = ask(method="sam", options={"rho": 0.3}, dropout=False)
    learner, by_hand = _resting(spec), _resting(spec)
    first = _plain(by_hand, 0)
    norm = torch.cat([gradient.flatten() for gradient in first.values()]).norm()
    _move(by_hand.model, {name: 0.3 * gradient / norm for name, gradient in first.items()})
    expected = _plain(by_hand, 0)
    before = weights(learner)
    found = _of_step(learner, 0)
    assert found.keys() == expected.keys()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    name = "backbone.encoder.layer.0.attention.self.value.weight"
    assert not torch.allclose(found[name], first[name], rtol=1e-2), "it is another one"
    assert same_weights(weights(learner), before), "it has come back"


@pytest.mark.parametrize(
    ("stages", "stage", "plain"), [("first", 0, False), ("first", 1, True), ("all", 1, False)]
)
def test_it_acts_in_stage_1_unless_told_otherwise(
    stages: str, stage: int, plain: bool, ask: Ask
) -> None:
    spec = ask(method="sam", options={"rho": 0.3, "stages": stages}, dropout=False)
    found = _of_step(_resting(spec), stage)
    name = "backbone.encoder.layer.0.attention.self.value.weight"
    assert torch.allclose(found[name], _plain(_resting(spec), stage)[name], rtol=1e-3) is plain
