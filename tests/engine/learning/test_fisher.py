from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.learning.device import pick_device, to_device
from engine.learning.fisher import FisherKind, FisherSum, masked_fisher, task_fisher
from engine.learning.learner import SequenceLearner
from engine.learning.model import resting
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


class Softmax(nn.Module):
    """Log-likelihoods of three labels: log softmax of weights · x."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor([[0.3, -0.2], [1.1, 0.4], [-0.6, 0.9]]))

    def forward(self, x: object) -> Tensor:
        assert isinstance(x, Tensor)
        return functional.log_softmax(self.weights @ x, dim=0)


def test_of_all_labels_it_is_what_can_be_written_down_of_a_softmax() -> None:
    softmax, rows = Softmax(), [torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0])]
    total = FisherSum()
    total.add(softmax, rows, softmax)
    # of the weight from x_j to label k: p_k · (1 − p_k) · x_j², whichever label is the likeliest
    chances = [softmax(row).detach().exp() for row in rows]
    assert chances[0].argmax() != chances[1].argmax()
    each = [(p * (1 - p))[:, None] * row.square() for p, row in zip(chances, rows, strict=True)]
    torch.testing.assert_close(total.mean()["weights"], (each[0] + each[1]) / 2)


def _of_first_rows(learner: SequenceLearner, kind: FisherKind) -> dict[str, Tensor]:
    """Return the Fisher of two rows by the plain sum over their labels."""
    setup, model = learner.setup, learner.model
    train, task = setup.tasks[1].train, 1
    weights = dict(model.backbone.named_parameters())
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for row in np.random.default_rng((setup.seed, task, 0, 8)).permutation(len(train))[:2]:
        batch = to_device(train.batch(np.array([row])), setup.device)
        own = int(batch.pop("labels"))
        for label in range(3) if kind == "exact" else (own,):
            found = functional.log_softmax(model(batch, task), dim=1)[0, label]
            gradients = torch.autograd.grad(found, list(weights.values()), allow_unused=True)
            for name, gradient in zip(weights, gradients, strict=True):
                if gradient is not None:
                    chance = found.detach().exp() if kind == "exact" else 1.0
                    total[name] += chance * gradient.square() / 2
    return total


@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_of_a_task_by_its_definition(ask: Ask, kind: FisherKind) -> None:
    learner = prepare(ask())
    learner.model.heads[1].weight.data.mul_(20)  # so that labels are not alike likely
    train = learner.setup.tasks[1].train
    found = task_fisher(learner.model, train, 1, learner.setup, rows=2, kind=kind)
    with resting(learner.model):
        expected = _of_first_rows(learner, kind)
    assert sum(value.sum() for value in expected.values()) > 0
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("kind", ["exact", "sampled", "empirical"])
def test_of_a_task(ask: Ask, kind: FisherKind) -> None:
    learner = prepare(ask())
    train = learner.setup.tasks[0].train

    def fisher() -> dict[str, Tensor]:
        return task_fisher(learner.model, train, 0, learner.setup, rows=8, kind=kind)

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


def test_of_text_each_kind_is_kept_for_itself(ask: Ask, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the old city and a new river " * 2 + "\n" + "bright warm moon " * 4)
    device = pick_device("cpu", "fp32")

    def fisher(kind: FisherKind) -> Tensor:
        found = masked_fisher(str(ask.model), str(text), 2, device, kind=kind)
        return torch.cat([found[name].flatten() for name in sorted(found)])

    sampled, empirical = fisher("sampled"), fisher("empirical")
    assert not sampled.equal(empirical)
    assert fisher("sampled").equal(sampled)
    assert fisher("empirical").equal(empirical)
