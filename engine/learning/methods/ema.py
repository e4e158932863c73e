"""``ema``: the exponential moving average of the weights is what is measured and kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor

from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class Ema(Method):
    """After step t of a stage: mean ← a · mean + (1 − a) · θ, with a = min(``decay``, 1 − 1/(t+1)).

    The mean begins at the stage's first weights (Tarvainen & Valpola 2017, whose code has the true
    mean until ``decay`` is reached; there it teaches θ, here it does not). Steps are taken from θ,
    every measurement is made of the mean, and at a stage's end θ becomes it. Backbone and the
    stage's head are averaged.
    """

    name: ClassVar[str] = "ema"

    _means: Tensors | None = None

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        if step == 1:
            self._means = {name: weight.detach().clone() for name, weight in _learning(model)}

    def end_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        assert self._means is not None
        newest = 1.0 - min(self.number("decay"), 1.0 - 1.0 / (step + 1))
        with torch.no_grad():
            for name, weight in _learning(model):
                self._means[name].lerp_(weight, newest)
        if step == setup.plans[stage].steps:
            _put(model, self._means)
            self._means = None

    @contextmanager
    def as_measured(self, model: SequenceModel) -> Iterator[None]:
        if self._means is None:
            yield
            return
        kept = {name: weight.detach().clone() for name, weight in _learning(model)}
        _put(model, self._means)
        try:
            yield
        finally:
            _put(model, kept)

    def state(self) -> dict[str, Tensor]:
        return dict(self._means or {})

    def load(self, state: Tensors) -> None:
        self._means = {name: weight.clone() for name, weight in state.items()} or None


def _learning(model: SequenceModel) -> Iterator[tuple[str, Tensor]]:
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            yield name, weight


def _put(model: SequenceModel, weights: Tensors) -> None:
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name in weights:
                weight.copy_(weights[name])
