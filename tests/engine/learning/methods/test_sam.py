import pytest
import torch
from torch import Tensor

from engine.learning.learner import SequenceLearner
from engine.learning.model import SequenceModel
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from tests.engine.learning.asking import Ask, same_weights, weights
from tests.engine.learning.methods.gradients import of_step, plain

NAME = "backbone.encoder.layer.0.attention.self.value.weight"


def _resting(spec: RunSpec) -> SequenceLearner:
    learner = prepare(spec)
    learner.model.eval()
    return learner


def _move(model: SequenceModel, by: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name in by:
                weight.add_(by[name])


def test_a_step_uses_the_gradient_where_the_loss_is_higher(ask: Ask) -> None:
    spec = ask(method="sam", options={"rho": 0.3}, dropout=False)
    learner, by_hand = _resting(spec), _resting(spec)
    first = plain(by_hand, 0)
    norm = torch.cat([gradient.flatten() for gradient in first.values()]).norm()
    _move(by_hand.model, {name: 0.3 * gradient / norm for name, gradient in first.items()})
    before = weights(learner)
    found = of_step(learner, 0)
    torch.testing.assert_close(found, plain(by_hand, 0), rtol=1e-3, atol=1e-6)
    assert not torch.allclose(found[NAME], first[NAME], rtol=1e-2), "it is another one"
    assert same_weights(weights(learner), before), "it has come back"


@pytest.mark.parametrize(
    ("stages", "stage", "same"), [("first", 0, False), ("first", 1, True), ("all", 1, False)]
)
def test_it_acts_in_stage_1_unless_told_otherwise(
    stages: str, stage: int, same: bool, ask: Ask
) -> None:
    spec = ask(method="sam", options={"rho": 0.3, "stages": stages}, dropout=False)
    found = of_step(_resting(spec), stage)
    assert torch.allclose(found[NAME], plain(_resting(spec), stage)[NAME], rtol=1e-3) is same
