"""``recadam`` and ``mixout`` hold on to the pretrained weights while others are learnt."""

import math
from collections.abc import Mapping
from typing import ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn, optim

from engine.errors import UsageError
from engine.learning.events import Between, go_on
from engine.learning.methods.anchor import copied_weights
from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class RecAdam(Method):
    """A pull towards the pretrained weights that fades while the loss comes in, in every stage.

    "Recall and Learn" (Chen et al. 2020). Step t of the backbone is
    λ · Adam's − min(1, rate · (1 − λ) · ``strength``) · (θ − anchor),
    λ = 1 / (1 + exp(−k · (t − t0))).
    In the authors' code the pull has no bound, so that it throws weights beyond the anchor, further
    each time, where rate · strength is above 2. t0 is a share of the stage here (``middle``), for
    stages that are shorter than the 100 to 1000 steps it is chosen from there; a strength of 5000
    is theirs, and k is one of their five. Heads learn as usual, as there.
    """

    name: ClassVar[str] = "recadam"

    _anchors: Tensors

    def start(self, setup: Setup, model: SequenceModel) -> None:
        self._anchors = copied_weights(model)

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        if self._follows:
            self._anchors = copied_weights(model)

    def before_update(
        self, setup: Setup, model: SequenceModel, optimizer: optim.Adam, stage: int, step: int
    ) -> None:
        learns = self.share_that_learns(step, setup.plans[stage].steps)
        anchor_of = {
            id(weight): self._anchors[name]
            for name, weight in model.backbone.named_parameters()
            if name in self._anchors
        }
        for group in optimizer.param_groups:
            pull = min(1.0, group["lr"] * (1.0 - learns) * self.number("strength"))
            held = [weight for weight in group["params"] if id(weight) in anchor_of]
            with torch.no_grad():
                for weight in held:
                    weight.lerp_(anchor_of[id(weight)], pull)
            if held:
                group["lr"] *= learns

    def share_that_learns(self, step: int, steps: int) -> float:
        """Return λ at a step of a stage of so many; steps are counted from 1."""
        middle = self.number("middle") * steps
        exponent = -self.number("k") * (step - middle)
        return 1.0 / (1.0 + math.exp(min(exponent, 700.0)))

    def state(self) -> dict[str, Tensor]:
        return dict(self._anchors) if self._follows else {}

    def load(self, state: Tensors) -> None:
        if self._follows:
            self._anchors = {name: value.clone() for name, value in state.items()}

    @property
    def _follows(self) -> bool:
        """Whether every stage is pulled to where it begins."""
        return self.options["anchor"] == "stage"


_STREAM = 6
"""Sets its numbers apart from those of rows and dropout, which begin with the same seed."""


class Mixout(Method):
    """In every step, each neuron's outgoing weights are the pretrained ones with probability ``p``.

    u + M · (θ − u) / (1 − p) acts in the place of θ, where u is pretrained, and M is 0 with
    probability p, else 1, for all weights that read one input of a linear layer of the backbone:
    "Mixout" (Lee et al. 2020, ICLR), in every such layer as in the authors' example for
    transformers. The expectation is θ, and θ is measured. Their code leaves 1 / (1 − p) out of the
    gradient, which is much the same to Adam.

    The paper has it in the place of dropout, as ``dropout=replaced`` has in the backbone; else
    dropout is as the protocol says.
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
        if self.options["dropout"] == "replaced":
            model.backbone.train(mode=False)
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
