"""``a-gem``: averaged gradient episodic memory (Chaudhry et al. 2019)."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch
from torch import nn

from engine.learning.methods.base import Again, Method
from engine.learning.methods.memory import drawn, kept_rows, say_size
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.profiles.parameters import param_groups


class AGem(Method):
    """In later stages g ← g − (gᵀr / rᵀr) · r where gᵀr < 0; r is the gradient of rows in memory.

    "Efficient lifelong learning with A-GEM" (ICLR 2019), section 4, eq. 11. r is of as many rows as
    a batch has, drawn anew for each step from all earlier tasks. The backbone's gradient alone is
    projected, for heads are each its own task's: as a whole, or with ``projection=group`` in each
    group that has a rate of its own, with dot products of that group.
    """

    name: ClassVar[str] = "a-gem"
    shares_first_stage: ClassVar[bool] = True
    changed: ClassVar[str] = "rows drawn for it alone"

    def start(self, setup: Setup, model: SequenceModel) -> None:
        share, rows = self.number("share"), int(self.number("rows"))
        self._memories = [
            kept_rows(setup.tasks, stage, setup.seed, share=share, rows=rows)
            for stage in range(len(setup.plans))
        ]
        say_size(self._memories[-1], setup.tasks)

    def change_gradients(
        self, setup: Setup, model: SequenceModel, stage: int, step: int, again: Again
    ) -> None:
        memory = self._memories[stage]
        if not memory:
            return
        own = {name: weight.grad for name, weight in model.named_parameters()}
        again(drawn(memory, setup.protocol.batch_size, (setup.seed, stage, step)))
        wanted = {weight: own[name] for name, weight in model.named_parameters()}
        for group in self._groups(setup, model, stage):
            project([(wanted[weight], weight.grad) for weight in group])
        for weight, gradient in wanted.items():
            weight.grad = gradient

    def _groups(
        self, setup: Setup, model: SequenceModel, stage: int
    ) -> Iterator[list[nn.Parameter]]:
        """Yield the backbone's weights that are projected together."""
        of_backbone = set(model.backbone.parameters())
        groups = param_groups(model, (setup.grouping, setup.rates_of(stage)), head_names=("heads",))
        found = [[each for each in group["params"] if each in of_backbone] for group in groups]
        if self.options["projection"] == "group":
            yield from found
        else:
            yield [weight for group in found for weight in group]


def project(
    gradients: Sequence[tuple[torch.Tensor | None, torch.Tensor | None]],
) -> None:
    """Take from the first of each pair what goes against the second ones, all pairs as one."""
    both = [(own, of_memory) for own, of_memory in gradients if own is not None]
    pairs = [(own, of_memory) for own, of_memory in both if of_memory is not None]
    if not pairs:
        return
    along = torch.stack([torch.sum(own * of_memory) for own, of_memory in pairs]).sum()
    length = torch.stack([of_memory.square().sum() for _, of_memory in pairs]).sum()
    if along < 0:
        for own, of_memory in pairs:
            own.sub_(along / length * of_memory)
