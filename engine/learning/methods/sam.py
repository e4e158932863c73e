"""``sam``: sharpness-aware minimisation (Foret et al. 2021)."""

from typing import ClassVar

import torch

from engine.learning.methods.base import Again, Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class Sam(Method):
    """A step uses the gradient at θ + ``rho`` · g/‖g‖, where g is the one at θ.

    "Sharpness-Aware Minimization" (ICLR 2021), section 2, eq. 2 with p = 2, and algorithm 1: the
    norm is of all weights that learn, and dropout is the same at both points. By default it acts in
    stage 1 alone: a flat minimum there is what later stages forget less of (Mehta et al. 2023).
    """

    name: ClassVar[str] = "sam"

    def change_gradients(
        self, setup: Setup, model: SequenceModel, stage: int, step: int, again: Again
    ) -> None:
        rho = self.number("rho")
        if not rho or (stage and self.options["stages"] == "first"):
            return
        weights = [weight for weight in model.parameters() if weight.grad is not None]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if not norm:
            return
        kept = [weight.detach().clone() for weight in weights]
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.add_(gradient * (rho / norm))
        again(None)
        with torch.no_grad():
            for weight, before in zip(weights, kept, strict=True):
                weight.copy_(before)
