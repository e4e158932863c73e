"""Many trials into one profile (equation 1 of Kenneweg et al. 2022), and how sure it is."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.profiles.grouping import Grouping
from engine.profiles.profile import (
    Backbone,
    Combination,
    Profile,
    StudyShare,
    TrialShare,
    refuse_base,
)
from engine.profiles.trials import LeftOut, Refusal, ScoredTrial, StudyTrials, admit, stages_said
from engine.spec import Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_BASE = 1.8


class RankedTrial(Struct, frozen=True, kw_only=True):
    """A trial with its weight in its study's mean."""

    number: int
    rank: int
    """1 is the best p; ties go to the lower trial number."""
    weight: float
    """Share in the study's mean; a study's weights sum to 1."""
    p: float
    learning_rates: tuple[float, ...]


class StudyMean(Struct, frozen=True, kw_only=True):
    """The rank-weighted geometric mean of one study."""

    study: str
    sequence: str
    learning_rates: tuple[float, ...]
    trials: tuple[RankedTrial, ...]
    """Best first."""
    effective_trials: float


class Combined(Struct, frozen=True, kw_only=True):
    """What comes out of a combination, and how it came about."""

    base: float
    backbone: Backbone
    grouping: Grouping
    protocol: Protocol | None
    learning_rates: tuple[float, ...]
    """One per choice."""
    studies: tuple[StudyMean, ...]
    effective_trials: float
    """1 / Σw² over all trials, each weighing its share of its study over the number of studies."""
    left_out: tuple[LeftOut, ...]
    refusals: tuple[Refusal, ...]
    first_lr: float | None = None
    """The flat rate of stage 1 that the rates were searched after; None: they are for all."""


class Band(Struct, frozen=True):
    """Per choice, the rates between which the combination would fall with other luck."""

    low: tuple[float, ...]
    high: tuple[float, ...]


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


def combine(
    studies: Sequence[StudyTrials], base: float = DEFAULT_BASE, *, strict: bool = False
) -> Combined:
    """Combine studies into one learning rate per choice (eq. 1, section 3).

    Within a study: ranks 1..n by descending p, weights base^(-rank), weighted geometric mean.
    Across studies: plain geometric mean. Only complete trials count, and only studies measured
    like the first: same backbone, grouping and protocol. The rest is reported in the result.

    Args:
        studies: the trials of each study, in any order.
        base: 1 weighs all trials alike; the larger, the more the best ones count.
        strict: raise for the first refused study instead of reporting it.

    Raises:
        UsageError: a bad base, a study or trial given twice, or nothing left to combine.
    """
    refuse_base(base)
    admission = admit(studies)
    if strict and admission.refusals:
        refusal = admission.refusals[0]
        raise UsageError(
            f"study '{shown(refusal.study)}' cannot go in: {refusal.reason}; leave it out"
        )
    if not admission.studies:
        raise UsageError("nothing to combine: no complete trial; mark some or let the search go on")
    first = admission.studies[0]
    means = tuple(_study_mean(study, base) for study in admission.studies)
    return Combined(
        base=base,
        backbone=first.backbone,
        grouping=first.grouping,
        protocol=first.protocol,
        learning_rates=geometric_mean(
            [mean.learning_rates for mean in means], [1 / len(means)] * len(means)
        ),
        studies=means,
        effective_trials=len(means) ** 2 / math.fsum(1 / mean.effective_trials for mean in means),
        left_out=admission.left_out,
        refusals=admission.refusals,
        first_lr=first.first_lr,
    )


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


def to_profile(
    combined: Combined,
    name: str,
    *,
    source: str = "",
    software: dict[str, str] | None = None,
    created: datetime | None = None,
) -> Profile:
    """Make a profile of the combination, with the trials it came from."""
    return Profile(
        name=name,
        backbone=combined.backbone,
        grouping=combined.grouping,
        learning_rates=combined.learning_rates,
        stages="all" if combined.first_lr is None else "later",
        first_lr=combined.first_lr,
        combination=Combination(base=combined.base, studies=tuple(map(_share, combined.studies))),
        protocol=combined.protocol,
        searched_on=tuple(dict.fromkeys(study.sequence for study in combined.studies)),
        source=source or _sentence(combined),
        software=software or {},
        created=created,
    )


def rank_weights(count: int, base: float) -> list[float]:
    """Return the normalised weights base^(-rank) of ranks 1..count."""
    # From rank 0, so that the best weighs 1 and no base underflows all of them.
    weights = [base**-rank for rank in range(count)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def geometric_mean(
    vectors: Sequence[Sequence[float]], weights: Sequence[float]
) -> tuple[float, ...]:
    """Return the weighted geometric mean of vectors, place by place; weights sum to 1."""
    return tuple(
        math.exp(math.fsum(w * math.log(rate) for w, rate in zip(weights, rates, strict=True)))
        for rates in zip(*vectors, strict=True)
    )


def _study_mean(study: StudyTrials, base: float) -> StudyMean:
    best_first = sorted(study.trials, key=lambda trial: (-_score(trial), trial.number))
    weights = rank_weights(len(best_first), base)
    return StudyMean(
        study=study.study,
        sequence=study.sequence,
        learning_rates=geometric_mean([trial.learning_rates for trial in best_first], weights),
        trials=tuple(
            RankedTrial(
                number=trial.number,
                rank=rank,
                weight=weight,
                p=_score(trial),
                learning_rates=trial.learning_rates,
            )
            for rank, (trial, weight) in enumerate(zip(best_first, weights, strict=True), start=1)
        ),
        effective_trials=1 / math.fsum(weight**2 for weight in weights),
    )


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


def _ratios(rates: Sequence[float], of: Sequence[float]) -> tuple[float, ...]:
    return tuple(rate / other for rate, other in zip(rates, of, strict=True))


def _score(trial: ScoredTrial) -> float:
    assert trial.p is not None  # admitted trials have a score
    return trial.p


def _share(study: StudyMean) -> StudyShare:
    return StudyShare(
        study=study.study,
        sequence=study.sequence,
        trials=tuple(
            TrialShare(number=trial.number, rank=trial.rank, weight=trial.weight, p=trial.p)
            for trial in study.trials
        ),
    )


def _sentence(combined: Combined) -> str:
    trials = sum(len(study.trials) for study in combined.studies)
    sequences = ", ".join(dict.fromkeys(study.sequence for study in combined.studies))
    stages = "" if combined.first_lr is None else f", for {stages_said(combined.first_lr)}"
    return f"Combined from {trials} trials on {sequences} with b = {combined.base:g}{stages}."
