"""``lora``: low-rank adapters (Hu et al. 2021) beside the pretrained weights, by PEFT."""

from collections.abc import Iterator
from typing import ClassVar, Final

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import Linear
from torch import Tensor

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping

_ADAPTED: Final = "base_layer."
_OF_ADAPTERS: Final = frozenset({"lora_A", "lora_B"})


class Lora(Method):
    """Adapters of ``rank`` in every linear layer of the encoder learn, scaled by ``alpha/rank``."""

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
