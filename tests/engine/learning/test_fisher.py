import pytest
import torch
from torch import Tensor, nn

from engine.learning.fisher import FisherSum, task_fisher
from engine.learning.prepare import prepare
from tests.engine.learning.asking import Ask


class Line(nn.Module):
    """A log-likelihood that is linear in the weights: slope · x + bias."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(0.5))
        self.bias = nn.Parameter(torch.tensor(0.0))
        self.frozen = nn.Parameter(torch.tensor(1.0), requires_grad=False)
        self.unused = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: object) -> Tensor:
        assert isinstance(x, float)
        return self.slope * x + self.bias


def test_gradients_are_squared_example_by_example() -> None:
    line = Line()
    total = FisherSum()
    total.add(line, [1.0, -1.0, 4.0], line)
    fisher = total.mean()
    # the gradient by the slope is x: the mean of 1, 1 and 16, not the square of the mean
    assert fisher["slope"].item() == pytest.approx(6.0)
    assert fisher["bias"].item() == pytest.approx(1.0)
    assert fisher["unused"].item() == 0.0
    assert "frozen" not in fisher


def test_no_examples() -> None:
    with pytest.raises(ValueError, match="no examples"):
        FisherSum().mean()


def test_of_a_task(ask: Ask) -> None:
    learner = prepare(ask())
    train = learner.setup.tasks[0].train

    def fisher() -> dict[str, Tensor]:
        return task_fisher(learner.model, train, 0, learner.setup, rows=8)

    before = {name: weight.clone() for name, weight in learner.model.state_dict().items()}
    learner.model.train()
    one, other = fisher(), fisher()
    assert one.keys() == dict(learner.model.backbone.named_parameters()).keys()
    assert all(one[name].equal(other[name]) for name in one), "rows and labels are of the seed"
    assert all((value >= 0).all() for value in one.values())
    assert sum(value.sum() for value in one.values()) > 0
    assert learner.model.training
    after = learner.model.state_dict()
    assert all(after[name].equal(before[name]) for name in before)
    assert all(weight.grad is None for weight in learner.model.parameters())
