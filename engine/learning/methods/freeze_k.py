"""``freeze-k``: the lowest layers stay as they were pretrained."""

from typing import ClassVar

from engine.learning.methods.frozen import LowLayers, set_learning
from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping


class FreezeK(LowLayers):
    """Embeddings and the ``layers`` lowest encoder layers never move."""

    name: ClassVar[str] = "freeze-k"

    def shape(self, model: SequenceModel, grouping: Grouping, seed: int) -> None:
        set_learning(self.low_weights(model), learn=False)
