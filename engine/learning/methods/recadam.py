"""``recadam``: recall what was known, then learn (Chen et al. 2020, "Recall and Learn")."""

import math
from typing import ClassVar

import torch
from torch import Tensor, optim

from engine.learning.events import Between, go_on
from engine.learning.methods.anchor import copied_weights
from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class RecAdam(Method):
    """A pull towards the pretrained weights that fades while the loss comes in, in every stage.

    Step t of the backbone is λ · Adam's − min(1, rate · (1 − λ) · ``strength``) · (θ − anchor) with
    λ = 1 / (1 + exp(−k · (t − t0))): the paper's algorithm 1, whose pull has no bound, so that it
    throws weights beyond the anchor, further each time, where rate · strength is above 2. t0 is a
    share of the stage here (``middle``), for stages that are shorter than the paper's 250 steps.
    Heads learn as usual, as in the authors' code.
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
