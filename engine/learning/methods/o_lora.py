"""``o-lora``: each task's adapters stand at right angles to those before (Wang et al. 2023)."""

import math
from collections.abc import Iterator
from typing import ClassVar, cast

import numpy as np
import torch
from peft.tuners.lora import Linear
from torch import Tensor, nn

from engine.learning.events import Between, go_on
from engine.learning.methods.base import Tensors
from engine.learning.methods.lora import Lora
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup

_ADAPTER = "default"


class OLora(Lora):
    """Every stage has adapters of its own; those before are added to the weights they adapt.

    loss + ``orthogonality`` · Σ |A_i · A_tᵀ| over the entries of all adapted layers and all earlier
    stages i ("Orthogonal Subspace Learning for Language Model Continual Learning", section 3, with
    absolute values as in the authors' code). Adapted is what ``lora`` adapts.
    """

    name: ClassVar[str] = "o-lora"

    _earlier: Tensors = {}  # noqa: RUF012 - never changed in place
    """By layer, the rows of A of all stages before, shape (stages · rank, inputs)."""

    @torch.no_grad()
    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        draw = torch.Generator().manual_seed(
            int(np.random.SeedSequence((setup.seed, stage)).generate_state(1)[0])
        )
        earlier = {}
        for name, module in _adapted(model):
            rows, columns = _adapter(module)
            adapted = cast("nn.Parameter", module.base_layer.weight)
            adapted.add_(module.get_delta_weight(_ADAPTER))
            before = [self._earlier[name]] if name in self._earlier else []
            earlier[name] = torch.cat((*before, rows.detach().clone()))
            fresh = torch.empty(rows.shape)
            nn.init.kaiming_uniform_(fresh, a=math.sqrt(5), generator=draw)
            rows.copy_(fresh)
            columns.zero_()
        self._earlier = earlier

    def penalty(self, model: SequenceModel) -> Tensor | None:
        weight = self.number("orthogonality")
        if not self._earlier or not weight:
            return None
        terms = [
            (self._earlier[name] @ _adapter(module)[0].T).abs().sum()
            for name, module in _adapted(model)
        ]
        return weight * torch.stack(terms).sum()

    def state(self) -> dict[str, Tensor]:
        return dict(self._earlier)

    def load(self, state: Tensors) -> None:
        self._earlier = {name: value.clone() for name, value in state.items()}


def _adapted(model: SequenceModel) -> Iterator[tuple[str, Linear]]:
    for name, module in model.backbone.named_modules():
        if isinstance(module, Linear):
            yield name, module


def _adapter(module: Linear) -> tuple[nn.Parameter, nn.Parameter]:
    """Return A, shape (rank, inputs), and B, shape (outputs, rank)."""
    sides = module.lora_A[_ADAPTER].weight, module.lora_B[_ADAPTER].weight
    return cast("tuple[nn.Parameter, nn.Parameter]", sides)
