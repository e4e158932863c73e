"""``freeze-k``: the lowest layers stay as they were pretrained; what others freeze for a while."""

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping
from engine.profiles.parameters import find_places


class LowLayers(Method):
    """A method that freezes the embeddings and the ``layers`` lowest encoder layers at times."""

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        asked = int(self.number("layers"))
        if asked > grouping.n_layers:
            raise UsageError(
                f"method {self.name} cannot freeze {asked} layers: the backbone has "
                f"{grouping.n_layers}; ask for fewer"
            )
        return super().learning_rates(grouping)

    def low_weights(self, model: SequenceModel) -> Sequence[nn.Parameter]:
        """Return the weights that are frozen at times."""
        named = dict(model.named_parameters())
        places = find_places(named, ("heads",)).depths
        return [named[name] for name, depth in places.items() if depth <= self.number("layers")]


def set_learning(weights: Sequence[nn.Parameter], *, learn: bool) -> None:
    """Let weights learn, or freeze them: Adam passes over what has no gradient."""
    for weight in weights:
        weight.requires_grad_(learn)
        if not learn:
            weight.grad = None


class FreezeK(LowLayers):
    """Embeddings and the ``layers`` lowest encoder layers never move."""

    name: ClassVar[str] = "freeze-k"

    def shape(self, model: SequenceModel, grouping: Grouping, seed: int) -> None:
        set_learning(self.low_weights(model), learn=False)
