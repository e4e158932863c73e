"""``auto-rgn``: rates in proportion to relative gradient norms (Lee et al. 2023, "Surgical")."""

import math
from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn, optim

from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class AutoRgn(Method):
    """Each choice's rate is times its ‖gradient‖ / ‖weights‖, over the largest of them.

    "Surgical Fine-Tuning Improves Adaptation to Distribution Shifts", Auto-RGN: found anew in every
    epoch, as the mean over ``batches`` batches (5 in the authors' code). That has a rate for every
    tensor, looks at those batches beforehand and begins each epoch with a new Adam; here there is a
    rate for every choice, they are learnt from at the mean so far, and Adam goes on. Heads of other
    tasks, which have no gradient, do not count.
    """

    name: ClassVar[str] = "auto-rgn"

    _sums: tuple[float, ...] = ()
    """Of the relative norms in this epoch, by choice."""

    def before_update(
        self, setup: Setup, model: SequenceModel, optimizer: optim.Adam, stage: int, step: int
    ) -> None:
        place = (step - 1) % setup.plans[stage].steps_per_epoch
        before = self._sums if place else (0.0,) * setup.grouping.n_choices
        if place < self.number("batches"):
            found = {
                group["choice"]: relative_norm(group["params"]) for group in optimizer.param_groups
            }
            before = tuple(total + found.get(choice, 0.0) for choice, total in enumerate(before))
        self._sums = before
        largest = max(before)
        if largest > 0.0 and math.isfinite(largest):
            for group in optimizer.param_groups:
                group["lr"] *= before[group["choice"]] / largest

    def state(self) -> dict[str, Tensor]:
        return {"sums": torch.tensor(self._sums, dtype=torch.float64)} if self._sums else {}

    def load(self, state: Tensors) -> None:
        if state:
            self._sums = tuple(state["sums"].tolist())


def relative_norm(weights: Iterable[nn.Parameter]) -> float:
    """Return the norm of the gradients over that of the weights that have one; 0: none has."""
    learning = [(weight.detach(), weight.grad) for weight in weights if weight.grad is not None]
    if not learning:
        return 0.0
    of_weights = torch.nn.utils.get_total_norm([weight for weight, _ in learning])
    of_gradients = torch.nn.utils.get_total_norm([gradient for _, gradient in learning])
    norms: list[float] = torch.stack((of_gradients, of_weights)).tolist()
    return norms[0] / norms[1] if norms[1] else 0.0
