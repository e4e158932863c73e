"""What ends a trial or a search early because of other trials: the pruners, and flatness.

A pruner ends a trial that will not catch up with others; its steps are a trial's reports, from 1. A
search is flat when the later half of its trials found next to nothing better than the first.
"""

from array import array
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable
from math import inf

import numpy as np
from msgspec import Struct
from optuna import Study
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState

from engine.search.endings import Pending
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
    starts high and falls as the earlier one is forgotten, so the best would hide the fall. What
    complete trials have reported is kept for the study that was judged last.
    """

    def __init__(self) -> None:
        self._begin(None)

    def _begin(self, study: Study | None) -> None:
        self._study = study
        self._pending = Pending()
        self._complete = 0
        self._reported: defaultdict[int, array[float]] = defaultdict(lambda: array("d"))

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial is to end after its last report."""
        step = trial.last_step
        if step is None or step <= _SPARED_REPORTS:
            return False
        self._look(study)
        usual = self._reported[step]
        if self._complete < _FULL_TRIALS or len(usual) < _COMPARED_TRIALS:
            return False
        return trial.intermediate_values[step] < float(np.percentile(usual, 100 - _PERCENTILE))

    def _look(self, study: Study) -> None:
        if study is not self._study:
            self._begin(study)
        for other in self._pending.ended(study.get_trials(deepcopy=False)):
            if other.state is TrialState.COMPLETE:
                self._complete += 1
                for step, value in other.intermediate_values.items():
                    self._reported[step].append(value)


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
    """Those that were looked at, all that were tried by then."""
    latest: int
    """Trials at the end that were compared with all before."""
    gained: float
    """By how much the best of them is better than the best before; 0: it is not."""
    noise: float | None

    def __str__(self) -> str:
        gained = f"gained {self.gained:.3f} in p" if self.gained else "gained nothing"
        luck = f", less than chance makes ({self.noise:.3f})" if self.noise else ""
        return f"the last {self.latest} of {self.trials} trials {gained}{luck}"


class Climb:
    """How the best score of a search rose, trial by trial."""

    def __init__(self, scores: Iterable[float | None] = ()) -> None:
        self._numbers: list[int] = []
        self._scores: list[float | None] = []
        self._best = [-inf]
        self._complete = [0]
        for number, score in enumerate(scores):
            self.add(number, score)

    def add(self, number: int, score: float | None) -> None:
        """Take the score of a trial of this number; None: it did not come to its end.

        What came after it is looked at anew, which is little as trials end nearly in their order.
        """
        place = bisect(self._numbers, number)
        self._numbers.insert(place, number)
        self._scores.insert(place, score)
        del self._best[place + 1 :], self._complete[place + 1 :]
        for each in self._scores[place:]:
            self._best.append(max(self._best[-1], -inf if each is None else each))
            self._complete.append(self._complete[-1] + (each is not None))

    def __len__(self) -> int:
        return len(self._scores)

    @property
    def complete(self) -> int:
        """How many trials have a score."""
        return self._complete[-1]

    def best_of(self, first: int) -> float | None:
        """Return the best score of so many first trials; None: they have none."""
        return self._best[first] if self._complete[first] else None


def flatness(climb: Climb, dimensions: int, noise: float | None) -> Flatness | None:
    """Return why a search is flat; None: it is not, or it is too early to tell.

    Progress slows down as trials double: what the later half of them gained is more than what is
    to be expected of as many more. ``optuna.terminator`` leaves Optuna with its next version, and
    its regret bound stays above what chance makes (``bench/racing.py``).

    Args:
        climb: p of every trial tried so far.
        dimensions: of the space that is searched.
        noise: by how much scores differ by chance; None: not known, so nothing may be gained.
    """
    least = max(_LEAST_LATEST, _LATEST_PER_DIMENSION * dimensions)
    tried = len(climb)
    latest = max(least, tried // 2)
    best, before = climb.best_of(tried), climb.best_of(max(0, tried - latest))
    if best is None or before is None:
        return None
    if climb.complete < _LEAST_COMPLETE or tried < _LEAST_TRIED * least:
        return None
    gained = best - before
    if gained > (noise or 0.0):
        return None
    return Flatness(trials=tried, latest=latest, gained=gained, noise=noise)
