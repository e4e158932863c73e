"""The schedule of a stage's learning rates: a rise at its beginning, then a fall to 0."""

import math


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the share of its peak, 0..1, that a rate has in a step.

    It rises linearly over the first of the stage, then falls to 0 along a half cosine.

    Args:
        step: of the stage, from 0.
        steps: of the whole stage.
        warmup: share of the stage over which the rate rises.
    """
    rising = warmup_steps(steps, warmup)
    if step < rising:
        return (step + 1) / rising
    falling = max(1, steps - rising)
    return 0.5 * (1.0 + math.cos(math.pi * (step - rising) / falling))


def warmup_steps(steps: int, warmup: float) -> int:
    """Return over how many of a stage's steps the rate rises."""
    return round(warmup * steps)
