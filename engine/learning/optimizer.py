"""Adam with one named group per choice, and the rate's course over a stage (section 4)."""

import math
from collections.abc import Sequence

from torch import optim

from engine.learning.model import SequenceModel
from engine.profiles.grouping import Grouping
from engine.profiles.parameters import param_groups

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


def make_optimizer(
    model: SequenceModel, grouping: Grouping, learning_rates: Sequence[float]
) -> optim.Adam:
    """Return Adam over the trainable parameters, each in the group of its choice.

    Every group keeps its own peak rate under ``peak``.

    Raises:
        UsageError: a trainable parameter belongs to no choice, or the depths differ.
    """
    groups = param_groups(model, (grouping, learning_rates), head_names=("heads",))
    for group in groups:
        group["peak"] = group["lr"]
    return optim.Adam(groups, betas=_BETAS, eps=_EPSILON, fused=True)


def set_rates(optimizer: optim.Optimizer, factor: float) -> None:
    """Give every group its peak rate times ``factor``."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak rate for step ``step`` (from 0) of a stage of ``steps``.

    Rises linearly over the first ``warmup`` of the stage, then falls to 0 along a half cosine.
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    falling = max(1, steps - rising)
    return 0.5 * (1.0 + math.cos(math.pi * (step - rising) / falling))
