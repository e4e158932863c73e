"""How sure a combination is: its bootstrap band, and what it would be without each study."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from engine.profiles.combination import Combined, StudyMean, geometric_mean, rank_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Band(Struct, frozen=True):
    """Per choice, the rates between which the combination would fall with other luck."""

    low: tuple[float, ...]
    high: tuple[float, ...]


def bootstrap_band(
    combined: Combined,
    *,
    draws: int = 1000,
    seed: int = 0,
    percentiles: tuple[float, float] = (5.0, 95.0),
) -> Band:
    """Combine again and again, each study's trials drawn anew with replacement.

    The seed alone decides what is drawn, so the band moves smoothly while the base is turned. A
    study of one trial cannot say how sure it is, and adds no width.
    """
    import numpy as np  # costs 0.1 s, for which the first frame need not wait

    rng = np.random.default_rng(seed)
    log_rates = np.mean(
        [_resampled_means(study, combined.base, draws, rng) for study in combined.studies], axis=0
    )
    low, high = np.exp(np.percentile(log_rates, percentiles, axis=0)).tolist()
    return Band(tuple(low), tuple(high))


def _resampled_means(
    study: StudyMean, base: float, draws: int, rng: "np.random.Generator"
) -> "NDArray[np.float64]":
    """Return the study's mean log rates, shape (draws, choices).

    A trial drawn m times takes the m ranks after those of the trials drawn from above it, so its
    weight is a difference of cumulated rank weights: no draw needs sorting.
    """
    import numpy as np

    count = len(study.trials)
    log_rates = np.log([trial.learning_rates for trial in study.trials])
    times_drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    weight_up_to_rank = np.cumsum([0.0, *rank_weights(count, base)])
    up_to_trial = weight_up_to_rank[np.cumsum(times_drawn, axis=1)]
    means: NDArray[np.float64] = np.diff(up_to_trial, axis=1, prepend=0.0) @ log_rates
    return means


class WithoutStudy(Struct, frozen=True, kw_only=True):
    """A combination as it would be without one of its studies."""

    study: str
    learning_rates: tuple[float, ...]
    """One per choice, of the other studies alone."""
    factors: tuple[float, ...]
    """Per choice, by how much the rate would change; 1: not at all."""

    @property
    def farthest(self) -> int:
        """Return the choice that would change most, up or down."""
        return max(range(len(self.factors)), key=lambda choice: abs(math.log(self.factors[choice])))


def without_each_study(combined: Combined) -> tuple[WithoutStudy, ...]:
    """Leave out each study in turn; empty where there is only one."""
    if len(combined.studies) == 1:
        return ()
    found = []
    for left_out in combined.studies:
        others = [study.learning_rates for study in combined.studies if study is not left_out]
        rates = geometric_mean(others, [1 / len(others)] * len(others))
        found.append(
            WithoutStudy(
                study=left_out.study,
                learning_rates=rates,
                factors=_ratios(rates, combined.learning_rates),
            )
        )
    return tuple(found)


def _ratios(rates: Sequence[float], of: Sequence[float]) -> tuple[float, ...]:
    return tuple(rate / other for rate, other in zip(rates, of, strict=True))
