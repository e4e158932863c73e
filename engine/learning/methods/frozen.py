"""What of a backbone is frozen for a while: it is free again when a stage makes its optimizer."""

from collections.abc import Sequence

from torch import nn

from engine.errors import UsageError
from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping
from engine.profiles.parameters import find_places


def low_weights(
    method: str, layers: int, model: SequenceModel, grouping: Grouping
) -> Sequence[nn.Parameter]:
    """Return the weights of the embeddings and of so many of the lowest encoder layers.

    Raises:
        UsageError: the backbone has fewer layers.
    """
    if layers > grouping.n_layers:
        raise UsageError(
            f"method {method} cannot freeze {layers} layers: the backbone has "
            f"{grouping.n_layers}; ask for fewer"
        )
    named = dict(model.named_parameters())
    places = find_places(named, ("heads",)).depths
    return [named[name] for name, depth in places.items() if depth <= layers]


def set_learning(weights: Sequence[nn.Parameter], *, learn: bool) -> None:
    """Let weights learn, or freeze them: Adam passes over what has no gradient."""
    for weight in weights:
        weight.requires_grad_(learn)
        if not learn:
            weight.grad = None
