"""``wise-ft``: weights before and after a stage are averaged (Wortsman et al. 2022)."""

from typing import ClassVar

import torch
from torch import Tensor

from engine.learning.events import Between, go_on
from engine.learning.methods.anchor import backbone_weights, copied_weights
from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class FromStageStart(Method):
    """Remembers the backbone as it was when the present stage, a later one, began."""

    _before: Tensors | None = None

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        self._before = copied_weights(model)

    def draw_back(self, model: SequenceModel, share: float) -> None:
        """Move the backbone this share of the way back to where the stage began."""
        assert self._before is not None
        with torch.no_grad():
            for name, weight in backbone_weights(model):
                weight.lerp_(self._before[name], share)

    def state(self) -> dict[str, Tensor]:
        return dict(self._before or {})

    def load(self, state: Tensors) -> None:
        self._before = {name: weight.clone() for name, weight in state.items()} or None


class WiseFt(FromStageStart):
    """After each later stage: θ = (1 − ``alpha``) · θ before + ``alpha`` · θ after.

    "Robust fine-tuning of zero-shot models" (CVPR 2022), eq. 1, with the weights before the stage
    in the place of the zero-shot model's; .5 is what it recommends. Only the backbone is
    averaged: no head but the stage's own has moved, and that one began as noise. What is measured
    within the stage is not averaged, its end is, and the next stage begins there.
    """

    name: ClassVar[str] = "wise-ft"
    shares_first_stage: ClassVar[bool] = True

    def end_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        if stage and step == setup.plans[stage].steps:
            self.draw_back(model, 1.0 - self.number("alpha"))
