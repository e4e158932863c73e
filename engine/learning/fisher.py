"""The diagonal of the Fisher information: how much each weight matters to what was learnt."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.learning.evaluation import to_device
from engine.learning.model import SequenceModel
from engine.learning.setup import Setup
from engine.tasks.encoded import Encoded

Fisher = dict[str, Tensor]
"""By name of a trainable weight, shaped as the weight; never below 0."""


def diagonal_fisher(
    module: nn.Module, examples: Iterable[object], log_likelihood: Callable[[object], Tensor]
) -> Fisher:
    """Return the mean over examples of the squared gradient of each one's log-likelihood.

    Gradients are squared example by example: the square of a batch's gradient is another, smaller
    thing (Kunstner et al. 2019).

    Args:
        module: whose trainable weights are asked about; dropout must be off.
        examples: one after another.
        log_likelihood: of one example, a scalar.

    Raises:
        ValueError: there is no example.
    """
    named = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
    sums = {name: torch.zeros_like(weight) for name, weight in named.items()}
    count = 0
    for example in examples:
        gradients = torch.autograd.grad(
            log_likelihood(example), list(named.values()), allow_unused=True
        )
        for name, gradient in zip(named, gradients, strict=True):
            if gradient is not None:
                sums[name].addcmul_(gradient, gradient)
        count += 1
    if not count:
        raise ValueError("the Fisher information of no examples is not known")
    return {name: total / count for name, total in sums.items()}


def task_fisher(
    model: SequenceModel, train: Encoded, task: int, setup: Setup, *, rows: int
) -> Fisher:
    """Return the Fisher of a task's predictions at the model's present weights.

    Labels are drawn from what the model itself predicts, as the Fisher information is defined,
    not taken from the rows.

    Args:
        model: just after the task's stage.
        train: the task's training rows.
        task: its place in the sequence.
        setup: of the run; its seed decides rows and labels.
        rows: at most so many rows, chosen at random.
    """
    chosen = np.random.default_rng((setup.seed, task)).permutation(len(train))[:rows]
    draw = torch.Generator().manual_seed(setup.seed)
    was_training = model.training
    model.eval()

    def log_likelihood(row: object) -> Tensor:
        batch = to_device(train.batch(np.array([row])), setup.device)
        del batch["labels"]
        found = functional.log_softmax(model(batch, task), dim=1)
        label = torch.multinomial(found.detach().exp().cpu(), 1, generator=draw)
        return found[0, label.item()]  # type: ignore[index]

    fisher = diagonal_fisher(model.backbone, chosen, log_likelihood)
    model.train(was_training)
    return fisher
