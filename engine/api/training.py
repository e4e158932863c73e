"""A profile in an optimizer."""

from collections.abc import Collection
from typing import Any

from engine import profiles
from engine.profiles import Profile
from engine.profiles.parameters import Model
from engine.trainers import decayed_groups


def param_groups(
    model: Model,
    profile: Profile,
    *,
    weight_decay: float | None = None,
    head_names: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Give every trainable parameter the learning rate of its choice.

    Args:
        model: a bare backbone or one with heads, also as wrapped by PEFT, DDP or torch.compile.
        profile: for a backbone of that depth; ``engine.profiles.transfer`` carries one over.
        weight_decay: of matrices; biases and norms then are in groups of their own, with 0. None:
            the optimizer's, for all.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Returns:
        Groups for any torch optimizer: ``{"name": "layer 1", "choice": 1, "lr": 9.2e-07,
        "params": [...]}``, with ``weight_decay`` where one was given.

    Raises:
        UsageError: the model has another depth, or a parameter's place is not certain.
    """
    if weight_decay is None:
        return profiles.param_groups(model, profile, head_names=head_names)
    return decayed_groups(model, profile, weight_decay, head_names=head_names)
