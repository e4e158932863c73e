"""``freeze-k``: the lowest layers stay as they were pretrained."""

from typing import ClassVar

from engine.errors import UsageError
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping
from engine.profiles.parameters import find_places


class FreezeK(Method):
    """Embeddings and the ``layers`` lowest encoder layers never move."""

    name: ClassVar[str] = "freeze-k"

    def shape(self, model: SequenceModel, grouping: Grouping, seed: int) -> None:
        frozen = int(self.number("layers"))
        if frozen > grouping.n_layers:
            raise UsageError(
                f"method freeze-k cannot freeze {frozen} layers: the backbone has "
                f"{grouping.n_layers}; ask for fewer"
            )
        named = dict(model.named_parameters())
        for name, depth in find_places(named, ("heads",)).depths.items():
            if depth <= frozen:
                named[name].requires_grad_(False)  # noqa: FBT003 - torch's own way
