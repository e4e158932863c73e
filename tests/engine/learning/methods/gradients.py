"""Gradients of tiny learners: those that the optimizer gets, and those found by hand."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.learning.events import Wanted
from engine.learning.learner import SequenceLearner
from engine.learning.plan import Rows

ROWS = np.arange(16)


def of_step(learner: SequenceLearner, stage: int) -> dict[str, Tensor]:
    """Return what the optimizer gets for a step that learns from the first rows of a stage."""
    learner._gradients.of_step(Wanted(stage, 1, ROWS))
    named = learner.model.named_parameters()
    return {name: weight.grad for name, weight in named if weight.grad is not None}


def logits(learner: SequenceLearner, task: int, rows: Rows = ROWS) -> tuple[Tensor, Tensor]:
    """Return what a task's head says of some of its training rows, and their labels."""
    batch = learner.setup.tasks[task].train.batch(rows)
    labels = torch.from_numpy(batch.pop("labels"))
    inputs = {name: torch.from_numpy(value) for name, value in batch.items()}
    return learner.model(inputs, task), labels


def plain(learner: SequenceLearner, task: int, rows: Rows = ROWS) -> dict[str, Tensor]:
    """Return the gradients of the cross-entropy of some rows of a task."""
    loss = functional.cross_entropy(*logits(learner, task, rows))
    named = dict(learner.model.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    pairs = zip(named, found, strict=True)
    return {name: gradient for name, gradient in pairs if gradient is not None}
