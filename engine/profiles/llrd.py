"""Layer-wise learning-rate decay, as rates of choices."""

import math

from engine.profiles.grouping import Grouping


def llrd_rates(base: float, decay: float, grouping: Grouping) -> tuple[float, ...]:
    """Return layer-wise decayed rates: heads and top layer at ``base``, each step down × ``decay``.

    A choice takes the geometric mean of its layers; the embeddings lie one step below layer 1.
    """
    top = grouping.n_layers
    encoder = (
        base * decay ** (math.fsum(top - layer for layer in layers) / len(layers))
        for layers in grouping.layers
    )
    return (base * decay**top, *encoder, base)
