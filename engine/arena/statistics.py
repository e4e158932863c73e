"""What a few seeds say: mean, interval, and whether two methods differ."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Final

CONFIDENCE: Final = 0.95
FEWEST_PAIRS: Final = 3
"""Seeds that two methods must share before they are tested."""


def half_width(values: Sequence[float]) -> float | None:
    """Return half the 95 % t-interval of a mean: t(0.975, n-1) · s / √n; None for one value."""
    if len(values) < 2:  # noqa: PLR2004 - one value says nothing of its spread
        return None
    from scipy.special import stdtrit  # scipy is loaded where a table is made

    freedom = len(values) - 1
    quantile = float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
    return quantile * stdev(values) / math.sqrt(len(values))


def paired_p_value(one: Mapping[int, float], other: Mapping[int, float]) -> float | None:
    """Return the two-sided p-value of the paired t-test over the seeds that both have.

    Differences that are all the same leave nothing to chance: 1 where they are 0, else 0.

    Args:
        one: a value for each seed.
        other: the values that it is compared with.

    Returns:
        None with fewer than three pairs.
    """
    differences = [one[seed] - other[seed] for seed in sorted(one.keys() & other.keys())]
    if len(differences) < FEWEST_PAIRS:
        return None
    mean, spread = fmean(differences), stdev(differences)
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr

    t = mean / (spread / math.sqrt(len(differences)))
    return 2 * float(stdtr(len(differences) - 1, -abs(t)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), in the order given.

    The k-th smallest of m is multiplied by m - k + 1, and none falls below a smaller one.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected
