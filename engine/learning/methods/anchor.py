"""A quadratic penalty that holds weights near where they were, and methods that have one."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, optim

from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class Anchor:
    """½ · Σ strength · (weight − anchor)² over the backbone's trainable weights.

    Penalties of several tasks add up to one: their strengths add, and the anchor is the mean of
    theirs, weighted by strength; the gradients are the same.
    """

    def __init__(self, anchors: Mapping[str, Tensor], strengths: Mapping[str, Tensor]) -> None:
        self.anchors = dict(anchors)
        self.strengths = dict(strengths)

    def penalty(self, model: SequenceModel) -> Tensor:
        """Return the penalty at the model's present weights, a scalar."""
        terms = [
            (self.strengths[name] * (weight - self.anchors[name]).square()).sum()
            for name, weight in backbone_weights(model)
        ]
        return 0.5 * torch.stack(terms).sum()

    def pull(self, model: SequenceModel, optimizer: optim.Optimizer) -> None:
        """Move weights by the penalty's own gradient at their present rates, beside any optimizer.

        weight ← weight − min(1, rate · strength) · (weight − anchor): as weight decay is decoupled
        in AdamW (Loshchilov & Hutter 2019, algorithm 2), and never beyond the anchor.
        """
        rates = {
            id(weight): group["lr"]
            for group in optimizer.param_groups
            for weight in group["params"]
        }
        with torch.no_grad():
            for name, weight in backbone_weights(model):
                share = (rates[id(weight)] * self.strengths[name]).clamp_max(1.0)
                weight.lerp_(self.anchors[name], share)

    def joined(self, other: "Anchor") -> "Anchor":
        """Return the anchor that pulls as both do together."""
        strengths = {name: mine + other.strengths[name] for name, mine in self.strengths.items()}
        anchors = {
            name: torch.where(
                strengths[name] > 0,
                self.anchors[name]
                + other.strengths[name]
                / strengths[name].clamp_min(torch.finfo(torch.float32).tiny)
                * (other.anchors[name] - self.anchors[name]),
                other.anchors[name],
            )
            for name in self.anchors
        }
        return Anchor(anchors, strengths)


class Anchored(Method):
    """A method with an anchor, as soon as it knows one; its ``penalty`` says where that acts."""

    _anchor: Anchor | None = None

    @property
    def is_decoupled(self) -> bool:
        """Whether Adam sees nothing of the penalty."""
        return self.options["penalty"] == "decoupled"

    def penalty(self, model: SequenceModel) -> Tensor | None:
        return None if self._anchor is None or self.is_decoupled else self._anchor.penalty(model)

    def before_update(
        self, setup: Setup, model: SequenceModel, optimizer: optim.Adam, stage: int, step: int
    ) -> None:
        if self._anchor is not None and self.is_decoupled:
            self._anchor.pull(model, optimizer)


def backbone_weights(model: SequenceModel) -> Iterator[tuple[str, Tensor]]:
    """Yield the backbone's trainable weights by name."""
    for name, weight in model.backbone.named_parameters():
        if weight.requires_grad:
            yield name, weight


def copied_weights(model: SequenceModel) -> dict[str, Tensor]:
    """Return copies of the backbone's trainable weights."""
    return {name: weight.detach().clone() for name, weight in backbone_weights(model)}
