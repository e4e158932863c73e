"""A profile for a backbone of another depth."""

import math
from collections.abc import Sequence

import msgspec

from engine.errors import UsageError
from engine.profiles.grouping import Grouping, make_grouping
from engine.profiles.profile import Backbone, Profile


def transfer(profile: Profile, backbone: Backbone, grouping: Grouping | None = None) -> Profile:
    """Carry a profile over to another backbone by relative depth.

    Args:
        profile: what was learnt.
        backbone: where the rates shall be used.
        grouping: of the new backbone; by default the profile's own preset at the new depth.

    Raises:
        UsageError: the grouping is not one of that backbone, or a custom one has no default.
    """
    if grouping is None:
        grouping = _same_preset(profile.grouping, backbone.layers)
    origin = profile.backbone
    return msgspec.structs.replace(
        profile,
        name=f"{profile.name}-{backbone.layers}-layers",
        backbone=backbone,
        grouping=grouping,
        learning_rates=transfer_rates(profile.learning_rates, profile.grouping, grouping),
        statistics=None,
        source=(
            f"'{profile.name}' ({origin.name}, {origin.layers} layers) transferred to "
            f"{backbone.layers} layers by relative depth."
        ),
    )


def transfer_rates(rates: Sequence[float], source: Grouping, target: Grouping) -> tuple[float, ...]:
    """Carry rates over to another grouping, of the same or another depth.

    Layer l of n stands at relative depth (l-½)/n. Each target layer takes the log-linear
    interpolation of the source layers' rates at its depth (the outermost layers' beyond them), and
    each target choice the geometric mean of its layers. Embeddings and heads keep theirs.
    """
    logs = [
        math.log(rates[source.choice_of_layer(layer)]) for layer in range(1, source.n_layers + 1)
    ]
    encoder = (
        math.exp(
            math.fsum(_at_depth((layer - 0.5) / target.n_layers, logs) for layer in layers)
            / len(layers)
        )
        for layers in target.layers
    )
    return (rates[0], *encoder, rates[-1])


def _at_depth(depth: float, logs: Sequence[float]) -> float:
    """Interpolate between the layers on both sides of a relative depth in (0, 1)."""
    position = min(max(depth * len(logs) - 0.5, 0.0), len(logs) - 1.0)
    below = math.floor(position)
    above = min(below + 1, len(logs) - 1)
    share = position - below
    return (1 - share) * logs[below] + share * logs[above]


def _same_preset(grouping: Grouping, layers: int) -> Grouping:
    if layers == grouping.n_layers:
        return grouping
    if grouping.preset == "custom":
        raise UsageError(
            f"a custom grouping of {grouping.n_layers} layers says nothing about {layers}; "
            "name the grouping to transfer to, such as paper"
        )
    return make_grouping(grouping.preset, layers)
