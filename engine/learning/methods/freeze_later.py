"""``freeze-later``: the lowest layers stay as the first task left them."""

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from engine.learning.events import Between, go_on
from engine.learning.methods.freeze_k import LowLayers, set_learning
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class FreezeLater(LowLayers):
    """Embeddings and the ``layers`` lowest encoder layers learn in stage 1 alone.

    Freezing low layers while fine-tuning (Lee et al. 2019, "What Would Elsa Do?"), for later tasks
    alone: a rate of 0 where a profile for later stages has small ones.
    """

    name: ClassVar[str] = "freeze-later"
    begins_like_others: ClassVar[bool] = True

    _low: Sequence[nn.Parameter] = ()

    def start(self, setup: Setup, model: SequenceModel) -> None:
        self._low = self.low_weights(model)

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        set_learning(self._low, learn=True)

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        set_learning(self._low, learn=stage == 0)
