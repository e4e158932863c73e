"""``mixout``: pretrained weights stand in for learnt ones, at random (Lee et al. 2020, ICLR)."""

from collections.abc import Mapping
from typing import ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn, optim

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup

_STREAM = 6
"""Sets its numbers apart from those of rows and dropout, which begin with the same seed."""


class Mixout(Method):
    """In every step, each neuron's outgoing weights are the pretrained ones with probability ``p``.

    u + M · (θ − u) / (1 − p) acts in the place of θ, where u is pretrained, and M is 0 with
    probability p, else 1, for all weights that read one input of a linear layer of the backbone:
    section 3 of the paper. The expectation is θ, and θ is measured.

    The paper has it in the place of dropout; here dropout is as the protocol says.
    """

    name: ClassVar[str] = "mixout"

    _mixed: Mapping[str, nn.Parameter]
    _kept: Mapping[str, tuple[Tensor, Tensor]]
    """Of a step: θ, and M / (1 − p)."""

    def start(self, setup: Setup, model: SequenceModel) -> None:
        self._mixed = {
            name: cast("nn.Parameter", module.weight)
            for name, module in model.backbone.named_modules()
            if isinstance(module, nn.Linear)
        }
        if not self._mixed:
            raise UsageError(
                "method mixout found no linear layer in the backbone; use recadam or l2-sp, or "
                "another backbone"
            )
        self._pretrained = {name: weight.detach().clone() for name, weight in self._mixed.items()}

    @torch.no_grad()
    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        chance = self.number("p")
        self._kept = {}
        if not chance:
            return
        draw = np.random.default_rng((setup.seed_of(stage), stage, step, _STREAM))
        for name, weight in self._mixed.items():
            stays = draw.random(weight.shape[1], np.float32) >= chance
            factor = torch.from_numpy(stays / np.float32(1.0 - chance)).to(weight)
            self._kept[name] = (weight.clone(), factor)
            pretrained = self._pretrained[name]
            weight.copy_(pretrained + factor * (weight - pretrained))

    @torch.no_grad()
    def before_update(
        self, setup: Setup, model: SequenceModel, optimizer: optim.Adam, stage: int, step: int
    ) -> None:
        for name, (own, factor) in self._kept.items():
            weight = self._mixed[name]
            weight.copy_(own)
            if weight.grad is not None:
                weight.grad.mul_(factor)
