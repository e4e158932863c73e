"""``lora`` and ``o-lora``: low-rank adapters beside the pretrained weights, by PEFT."""

import math
from collections.abc import Iterator
from typing import ClassVar, Final, cast

import numpy as np
import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import Linear
from torch import Tensor, nn

from engine.errors import UsageError
from engine.learning.events import Between, go_on
from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.profiles.grouping import Grouping

_ADAPTED: Final = "base_layer."
_OF_ADAPTERS: Final = frozenset({"lora_A", "lora_B"})


class Lora(Method):
    """Adapters of ``rank`` in every linear layer of the encoder learn, scaled by ``alpha/rank``.

    Hu et al. 2021, section 4.1; the paper adapts attention's weights alone.
    """

    name: ClassVar[str] = "lora"

    def shape(self, model: SequenceModel, grouping: Grouping, seed: int) -> None:
        config = LoraConfig(
            r=int(self.number("rank")),
            lora_alpha=int(self.number("alpha")),
            target_modules="all-linear",
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                inject_adapter_in_model(config, model.backbone)
            except ValueError as error:
                raise UsageError(
                    f"method {self.name} found no layer of the backbone to adapt ({error}); use "
                    "another method, or a backbone with linear layers"
                ) from error

    def acting_weights(self, model: SequenceModel) -> Iterator[tuple[str, Tensor]]:
        """Yield the pretrained weights with what the adapters add to them."""
        adapted = {
            f"{name}.{_ADAPTED}weight": module
            for name, module in model.backbone.named_modules()
            if isinstance(module, Linear)
        }
        for name, weight in super().acting_weights(model):
            if name in adapted:
                added: Tensor = adapted[name].get_delta_weight("default").detach()
                yield name.replace(_ADAPTED, ""), weight.detach() + added
            elif not _OF_ADAPTERS.intersection(name.split(".")):
                yield name.replace(_ADAPTED, ""), weight


_ADAPTER = "default"


class OLora(Lora):
    """Every stage has adapters of its own; those before are added to the weights they adapt.

    loss + ``orthogonality`` · Σ |A_i · A_tᵀ| over the entries of all adapted layers and all earlier
    stages i ("Orthogonal Subspace Learning", Wang et al. 2023). The paper has squares for absolute
    values, which are the authors' code's, as is its weight of 0.5; both adapt attention's queries
    and values, and here is adapted what ``lora`` adapts.
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
