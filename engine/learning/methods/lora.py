"""``lora``: low-rank adapters (Hu et al. 2021) beside the pretrained weights, by PEFT."""

from typing import ClassVar

import torch
from peft import LoraConfig, inject_adapter_in_model

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping


class Lora(Method):
    """Adapters of ``rank`` in every linear layer of the encoder learn, scaled by ``alpha/rank``."""

    name: ClassVar[str] = "lora"
    begins_like_others: ClassVar[bool] = False

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
                    f"method lora found no layer of the backbone to adapt ({error}); use another "
                    "method, or a backbone with linear layers"
                ) from error
