"""One backbone with a head for each task of the sequence, its Adam, and the work of learning it."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn, optim
from transformers import PreTrainedModel

from engine.learning.backbone import Backbone, Inputs
from engine.learning.packed.dropout import RowDropout, row_masks
from engine.learning.packed.rows import late_parts
from engine.profiles.grouping import Grouping
from engine.profiles.parameters import param_groups

_SIDE: Final = 1024
_SIDE_ON_GPU: Final = 4096
_RATE_SECONDS: Final = 0.1
"""Matrices of so many rows are multiplied for so long to know a device's rate."""


_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


class SequenceModel(nn.Module):
    """A backbone with a linear head per task, in the sequence's order.

    All heads stand from the start, so that a seed gives the same heads whatever is learnt when.

    Args:
        backbone: without a head.
        classes: of each task.
        seed: of the heads.
        first_seed: of the first one, where stage 1 has a seed of its own.
    """

    def __init__(
        self,
        backbone: Backbone,
        classes: Sequence[int],
        *,
        seed: int,
        first_seed: int | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone.module
        self.summarise = backbone.summarise
        self.masks = row_masks(backbone.module)
        chance = backbone.dropout
        self.dropout = nn.Dropout(chance) if self.masks is None else RowDropout(chance, self.masks)
        self.heads = nn.ModuleList(nn.Linear(backbone.hidden_size, n) for n in classes)
        _draw_heads(self.heads, seed)
        if first_seed is not None:
            _draw_heads(self.heads[:1], first_seed)

    def forward(self, inputs: Inputs, task: int) -> Tensor:
        """Return logits (rows, classes of the task) in fp32."""
        return self.scores(self.summary(inputs), task)

    def summary(self, inputs: Inputs) -> Tensor:
        """Return what every head sees of the rows, after dropout."""
        seen: Tensor = self.dropout(self.summarise(self.backbone, inputs))
        return seen

    def scores(self, summary: Tensor, task: int) -> Tensor:
        """Return a task's logits of what its head sees, in fp32."""
        logits: Tensor = self.heads[task](summary)
        return logits.float()

    def unfreeze_heads(self) -> None:
        """Let every head learn."""
        self.heads.requires_grad_(requires_grad=True)

    def freeze_heads_but(self, tasks: Collection[int]) -> None:
        """Let only these tasks' heads learn, beside the backbone."""
        for index, head in enumerate(self.heads):
            head.requires_grad_(index in tasks)

    def give_learnt_heads_zero_gradients(self, stage: int) -> None:
        """Make Adam go on moving the earlier heads by its momentum, as the authors' code does.

        Later heads have no momentum yet, and Adam must not count these steps as theirs.
        """
        for head in self.heads[:stage]:
            for parameter in head.parameters():
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)


def _draw_heads(heads: nn.ModuleList, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for head in heads.children():
            for name, parameter in head.named_parameters():
                if name == "weight":
                    parameter.normal_(std=0.02, generator=generator)
                else:
                    parameter.zero_()


class Products:
    """Counts the operations of the matrix products that learning needs, at its least.

    A weight of the backbone that no token is looked up in costs 2 for a token when it is used, as
    much again for the gradient of what went in and, where it learns, for its own (Kaplan et al.
    2020, section 2.1). Attention costs 12 for a pair of a row's tokens, a layer and a unit. Where
    rows are packed, weights that see first tokens alone are used once for a row, and in the last
    layer only first tokens look at the others. What a weight that does not learn passes back is
    not counted: below the lowest that learns, it is not.
    """

    def __init__(self, backbone: PreTrainedModel, n_layers: int) -> None:
        """Look at a backbone of so many layers of its own."""
        config = backbone.config
        looked_up = {
            id(weight)
            for module in backbone.modules()
            if isinstance(module, nn.Embedding) or module is backbone.get_input_embeddings()
            for weight in module.parameters()
        }
        late = late_parts(backbone) if row_masks(backbone) is not None else None
        self._late = [] if late is None else late.weights()
        elsewhere = looked_up | set(map(id, self._late))
        self._weights = [each for each in backbone.parameters() if id(each) not in elsewhere]
        layers = getattr(config, "num_hidden_layers", n_layers)
        self._passes: float = max(1.0, layers / n_layers)
        self._layers = layers
        self._of_a_pair: float = 12.0 * config.hidden_size

    def of(self, lengths: NDArray[np.int64]) -> float:
        """Return those of a step that learns from rows of these lengths."""
        tokens, pairs = int(lengths.sum()), int((lengths**2).sum())
        of_tokens = self._passes * _operations(self._weights) * tokens
        of_rows = _operations(self._late) * len(lengths)
        looks = self._layers * pairs + bool(self._late) * (tokens - pairs)
        return of_tokens + of_rows + self._of_a_pair * looks


def _operations(weights: Iterable[nn.Parameter]) -> float:
    """Return the operations of what these weights do for one token."""
    return sum(each.numel() * (6.0 if each.requires_grad else 2.0) for each in weights)


@lru_cache
def matrix_rate(device: torch.device, threads: int) -> float:
    """Return how many operations a second a device does in fp32 products, the best of several.

    It is measured once in a process, in about a tenth of a second, and takes what is free: where
    other processes keep the device busy all along, it is their leavings.

    Args:
        device: which one.
        threads: how many of a CPU's are used, for they are what is measured.
    """
    del threads
    size = _SIDE_ON_GPU if device.type == "cuda" else _SIDE
    factor = torch.full((size, size), 0.5, device=device)
    took, until = float("inf"), time.monotonic() + _RATE_SECONDS
    while took == float("inf") or time.monotonic() < until:
        began = time.monotonic()
        # one element of it comes to the CPU only when all are there
        torch.matmul(factor, factor)[0, 0].item()
        took = min(took, time.monotonic() - began)
    return 2.0 * size**3 / took


def make_optimizer(
    model: SequenceModel, grouping: Grouping, learning_rates: Sequence[float]
) -> optim.Adam:
    """Return Adam over the trainable parameters, each in the group of its choice.

    Every group keeps its own peak rate under ``peak``.

    Raises:
        UsageError: a trainable parameter belongs to no choice, or the depths differ.
    """
    groups = param_groups(model, (grouping, learning_rates), head_names=("heads",))
    for group in groups:
        group["peak"] = group["lr"]
    return optim.Adam(groups, betas=_BETAS, eps=_EPSILON, fused=True)


def set_peaks(optimizer: optim.Optimizer, learning_rates: Sequence[float]) -> None:
    """Give every group the peak rate of its choice."""
    for group in optimizer.param_groups:
        group["peak"] = learning_rates[group["choice"]]


def set_rates(optimizer: optim.Optimizer, factor: float) -> None:
    """Give every group its peak rate times ``factor``."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


@contextmanager
def resting(model: nn.Module) -> Iterator[None]:
    """Have dropout off in this context."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
