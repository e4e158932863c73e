"""What ends a trial or a search early because of other trials: the pruners, and flatness.

A pruner ends a trial that will not catch up with others; its steps are a trial's reports, from 1. A
search is flat when the later half of its trials found next to nothing better than the first.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from optuna import Study
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState

from engine.spec.search import Pruner

_PERCENTILE = 75.0
_FULL_TRIALS = 8
"""Trials that come to their end before any is pruned: about as many as there are warm starts."""
_SPARED_REPORTS = 2
"""First reports of a trial that do not count against it: its rates are still warming up."""
_COMPARED_TRIALS = 4
"""Fewest complete trials with a report at the same step that say what is usual there."""

_LEAST_COMPLETE = 20
"""Complete trials before which no search is flat."""
_LEAST_LATEST = 20
"""Trials that must have gained nothing at least, however few were tried before."""
_LATEST_PER_DIMENSION = 5
"""As many for each number that is searched: in a large space progress comes late."""
_LEAST_TRIED = 1.2
"""So many times as many trials are needed to compare these with any before."""


class LatestPercentilePruner(BasePruner):
    """Ends a trial whose latest report is in the worst quarter at its step.

    Optuna's own percentile pruner compares the best report so far. While a later task is learnt p
    starts high and falls as the earlier one is forgotten, so the best would hide the fall.
    """

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial is to end after its last report."""
        step = trial.last_step
        if step is None or step <= _SPARED_REPORTS:
            return False
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        usual = [
            other.intermediate_values[step]
            for other in complete
            if step in other.intermediate_values
        ]
        if len(complete) < _FULL_TRIALS or len(usual) < _COMPARED_TRIALS:
            return False
        return trial.intermediate_values[step] < float(np.percentile(usual, 100 - _PERCENTILE))


def make_pruner(kind: Pruner) -> BasePruner:
    """Return a pruner.

    ``percentile`` ends a trial whose latest report is below what three quarters of the complete
    trials had at that step. ``asha`` is the one bracket of the authors' published code
    (grace of 1 report, halving at 2, 4, 8 …); ``hyperband`` deals trials out to several brackets
    (Li et al. 2018).
    """
    match kind:
        case "percentile":
            return LatestPercentilePruner()
        case "hyperband":
            return HyperbandPruner(min_resource=1, max_resource="auto", reduction_factor=3)
        case "asha":
            return SuccessiveHalvingPruner(
                min_resource=1, reduction_factor=2, min_early_stopping_rate=0
            )
        case "none":
            return NopPruner()


class Flatness(Struct, frozen=True, kw_only=True):
    """Why a search finds next to nothing better any more."""

    trials: int
    """Begun by then."""
    latest: int
    """Trials at the end that were compared with all before."""
    gained: float
    """By how much the best of them is better than the best before; 0: it is not."""
    noise: float | None

    def __str__(self) -> str:
        gained = f"gained {self.gained:.3f} in p" if self.gained else "gained nothing"
        luck = f", less than chance makes ({self.noise:.3f})" if self.noise else ""
        return f"the last {self.latest} of {self.trials} trials {gained}{luck}"


def flatness(
    scores: Sequence[float | None], dimensions: int, noise: float | None
) -> Flatness | None:
    """Return why a search is flat; None: it is not, or it is too early to tell.

    Progress slows down as trials double: what the later half of them gained is more than what is
    to be expected of as many more. ``optuna.terminator`` leaves Optuna with its next version, and
    its regret bound stays above what chance makes (``bench/racing.py``).

    Args:
        scores: p of every trial tried so far, in their order; None: it did not come to its end.
        dimensions: of the space that is searched.
        noise: by how much scores differ by chance; None: not known, so nothing may be gained.
    """
    least = max(_LEAST_LATEST, _LATEST_PER_DIMENSION * dimensions)
    latest = max(least, len(scores) // 2)
    before = [score for score in scores[:-latest] if score is not None]
    complete = sum(score is not None for score in scores)
    if not before or complete < _LEAST_COMPLETE or len(scores) < _LEAST_TRIED * least:
        return None
    best = max(score for score in scores if score is not None)
    gained = best - max(before)
    if gained > (noise or 0.0):
        return None
    return Flatness(trials=len(scores), latest=latest, gained=gained, noise=noise)
