"""``freeze-k``: the lowest layers stay as they were pretrained."""

from typing import ClassVar

from engine.learning.methods.base import Method
from engine.learning.methods.frozen import low_weights, set_learning
from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping


class FreezeK(Method):
    """Embeddings and the ``layers`` lowest encoder layers never move."""

    name: ClassVar[str] = "freeze-k"

    def shape(self, model: SequenceModel, grouping: Grouping, seed: int) -> None:
        layers = int(self.number("layers"))
        set_learning(low_weights(self.name, layers, model, grouping), learn=False)
