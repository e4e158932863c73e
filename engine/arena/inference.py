"""What a sample of sequences says of a method: a test, an interval, a count, chances.

Sequences are the sample: a method shall be better on those that nobody has tried. Seeds only say
how well each sequence is known. SciPy has most of this too, in ``scipy.stats``, which takes the app
46 MB and a second to load; tests hold what is here against it.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from engine.arena.measuring import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_SEQUENCES: Final = 3
"""Below, sequences say nothing of others."""
EQUAL: Final = 0.005
"""A difference in p that nobody would notice: the region of practical equivalence is ± this."""
_EXACT: Final = 16
"""Most sequences whose signs are flipped in every way."""
_DRAWS: Final = 10_000
_SEED: Final = 0  # the same store says the same each time
_ROUNDING: Final = 1e-12


class Chances(Struct, frozen=True, kw_only=True):
    """How probable it is that a method is better, practically equal, or worse; in sum 1."""

    better: float
    equal: float
    worse: float


def sign_flip_p_value(gains: Sequence[float]) -> float | None:
    """Return the two-sided p-value of the sign-flip test that the mean gain is none (Fisher 1935).

    Were there no gain, each sequence's could as well have had the other sign. The p-value is the
    share of all ways to choose signs whose mean is as far from 0: exact, whatever the gains'
    distribution. It is 2 / 2ⁿ at least, so that five sequences never come below 0.05. Of more than
    16 sequences 65,536 random ways stand for all.

    Args:
        gains: one a sequence.

    Returns:
        None with fewer than three.
    """
    number = len(gains)
    if number < FEWEST_SEQUENCES:
        return None
    import numpy as np

    ways = 2 ** min(number, _EXACT)
    if number <= _EXACT:
        signs = 1.0 - 2.0 * (np.arange(ways)[:, None] >> np.arange(number) & 1)
    else:
        signs = np.random.default_rng(_SEED).choice((-1.0, 1.0), size=(ways, number))
        signs[0] = 1.0  # what was seen is one of the ways
    sums = np.abs(signs @ np.array(gains))
    return float(np.mean(sums >= abs(math.fsum(gains)) - _ROUNDING))


def two_level_means(gains: Sequence[Sequence[float]]) -> "NDArray[np.float64]":
    """Return the mean gain of many samples that could as well have been seen.

    Sequences are drawn with replacement, and of each that was drawn its seeds (Davison and Hinkley
    1997, section 3.8, also has whole groups alone drawn, which varies less); every sequence counts
    the same.

    Args:
        gains: of each sequence one a seed; one at least.
    """
    means: NDArray[np.float64] = _weights(tuple(map(len, gains))) @ list(chain(*gains))
    return means


@lru_cache(maxsize=1)
def _weights(seeds: tuple[int, ...]) -> "NDArray[np.float64]":
    """Return what each gain counts in each sample, of shape (samples, gains of all sequences).

    Kept for the other comparisons of a table: they have as many sequences and seeds.
    """
    import numpy as np

    number, of_each, total = len(seeds), np.array(seeds), sum(seeds)
    random = np.random.default_rng(_SEED)
    drawn = random.integers(number, size=(_DRAWS, number))
    its_seeds = of_each[drawn][..., None]
    seed = random.integers(its_seeds, size=(_DRAWS, number, max(seeds)))
    shares = np.where(np.arange(max(seeds)) < its_seeds, 1 / (number * its_seeds), 0.0)
    gain = (np.cumsum(of_each) - of_each)[drawn][..., None] + seed
    places = np.arange(_DRAWS)[:, None, None] * total + gain
    found = np.bincount(places.ravel(), shares.ravel(), minlength=_DRAWS * total)
    weights: NDArray[np.float64] = found.reshape(_DRAWS, total).astype(np.float64)
    return weights


def two_level_interval(gains: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean gain, from a bootstrap of sequences and their seeds.

    mean ± t(0.975, n - 1) · s · √(n / (n - 1)) with the bootstrap's standard error s. Of so few
    sequences plain percentiles lie too close together (Hesterberg 2015, section 3.2), and never
    beyond the sequences themselves; with this the interval leaves 0 out in 5 % of all cases at most
    where there is no gain (``python -m bench.chance``).

    Args:
        gains: of each sequence one a seed; one at least.

    Returns:
        None with fewer than three sequences.
    """
    number = len(gains)
    if number < FEWEST_SEQUENCES:
        return None
    from scipy.special import stdtrit

    mean = fmean(map(fmean, gains))
    error = float(two_level_means(gains).std()) * math.sqrt(number / (number - 1))
    half = float(stdtrit(number - 1, (1 + CONFIDENCE) / 2)) * error
    return mean - half, mean + half


def partial_conjunction(p_values: Sequence[float]) -> list[float]:
    """Return p^{u/n} for u = 1…n: the p-value of "on fewer than u sequences it is better".

    By Simes' way to combine all but the u - 1 smallest (Benjamini and Heller 2008), which holds
    where tests with the same seeds lean the same way:
    min over i of (n - u + 1) / i · p₍u-1+i₎.

    Args:
        p_values: one-sided, one a sequence.
    """
    ordered = sorted(p_values)
    number = len(ordered)
    return [
        min(1.0, *(len(kept) / place * p for place, p in enumerate(kept, start=1)))
        for first in range(number)
        for kept in [ordered[first:]]
    ]


def found_on(p_values: Sequence[float], level: float = 1 - CONFIDENCE) -> int:
    """Return on how many sequences at least a method is better, at a level for the whole count."""
    count = 0
    for p_value in partial_conjunction(p_values):
        if p_value > level:
            break
        count += 1
    return count


def chances(gains: Sequence[float], equal: float = EQUAL) -> Chances | None:
    """Return how probable it is that the mean gain is above, within, or below ± ``equal``.

    Bayesian (Benavoli et al. 2017, section 4, the t-test without correlation): before anything is
    seen every mean and every spread is as probable, after it the mean has Student's distribution
    around the mean of the sequences.
    A bootstrap's shares are no probabilities of the mean, and with few sequences they come to 0
    or 1 too soon.

    Args:
        gains: one a sequence.
        equal: what is practically no difference.

    Returns:
        None with fewer than three.
    """
    if len(gains) < FEWEST_SEQUENCES:
        return None
    from scipy.special import stdtr

    mean, error = fmean(gains), stdev(gains) / math.sqrt(len(gains))

    def below(value: float) -> float:
        if error <= _ROUNDING:
            return float(mean < value)
        return float(stdtr(len(gains) - 1, (value - mean) / error))

    worse, not_better = below(-equal), below(equal)
    return Chances(better=1 - not_better, equal=not_better - worse, worse=worse)
