"""``l2-sp``: weights are pulled back to the pretrained ones (Li et al. 2018, eq. 2)."""

from typing import ClassVar

import torch
from torch import Tensor

from engine.learning.methods.anchor import Anchor, copied_weights
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class L2Sp(Method):
    """½ · ``strength`` · ‖weights − pretrained‖² over the backbone.

    Heads are free; the paper has a weight decay of its own for what is new (eq. 3).
    """

    name: ClassVar[str] = "l2-sp"

    def start(self, setup: Setup, model: SequenceModel) -> None:
        strength, anchors = self.number("strength"), copied_weights(model)
        self._anchor = Anchor(
            anchors, {name: torch.full_like(weight, strength) for name, weight in anchors.items()}
        )

    def penalty(self, model: SequenceModel) -> Tensor:
        return self._anchor.penalty(model)
