"""What a search has seen of its trials, kept up as they end: a look costs what is new.

Trials are given as ``pending`` takes them.
"""

from collections.abc import Callable, Sequence
from heapq import heappush, heappushpop
from math import inf

from optuna.trial import FrozenTrial, TrialState

from engine.search.drafting import as_begun, best_kept, most_learnt_from
from engine.search.early_stopping import Climb
from engine.search.endings import Pending
from engine.search.storage import AGAIN, ENDED
from engine.spec.search import Sampler


def ending_of(trial: FrozenTrial) -> str:
    """Return how a trial ended, in the words of the store; stopped is failed."""
    words = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}
    return str(trial.user_attrs.get(ENDED, words.get(trial.state, "failed")))


class Seen:
    """What may be learnt from the trials of a search.

    Args:
        sampler: who learns from them.
        in_order: of how many trials, the next one among them, what comes of them is not seen;
            None: all that has ended is.
        fits: whether a trial that has a score can be learnt from.
    """

    def __init__(
        self,
        sampler: Sampler,
        in_order: int | None,
        fits: Callable[[FrozenTrial], bool] = lambda _: True,
    ) -> None:
        self._most = most_learnt_from(sampler)
        self._in_order = in_order
        self._fits = fits
        self._forget()

    def _forget(self) -> None:
        self._pending = Pending()
        self._below = 0
        self._unfit: set[int] = set()
        self._best: list[tuple[float, int]] = []
        self._climb = Climb()

    def first_hidden(self, number: int) -> float:
        """Return from which trial on the one of this number does not see how trials ended."""
        return inf if self._in_order is None else number - self._in_order + 1

    def climb(self, trials: Sequence[FrozenTrial], number: int) -> Climb:
        """Return how scores rose, as the trial of this number may see it."""
        self._look(trials, number)
        return self._climb

    def shown(self, trials: Sequence[FrozenTrial], number: int) -> Sequence[FrozenTrial]:
        """Return the trials as the one of this number may see them.

        In a search in order, those shortly before it, and what came after, seem to be under way.
        """
        if self._in_order is None:
            return trials
        hidden = self.first_hidden(number)
        return [
            as_begun(each) if each.number >= hidden and each.number != number else each
            for each in trials
        ]

    def most_telling(self, trials: Sequence[FrozenTrial], number: int) -> Sequence[FrozenTrial]:
        """Return what a sampler learns from for the trial of this number, as it may be seen.

        All that are begun and fit; or where it takes no more, the best and the latest of them.
        """
        self._look(trials, number)
        unfinished = self._pending.among(trials)
        waiting = {each.number for each in unfinished if each.state is TrialState.WAITING}
        left_out = waiting | self._unfit
        if self._most is None or len(trials) - len(left_out) <= self._most:
            begun = [each for each in trials if each.number not in left_out]
            return self.shown(begun, number)
        kept = {-place for _, place in self._best}
        latest = (n for n in range(len(trials) - 1, -1, -1) if n not in left_out)
        while len(kept) < self._most:
            kept.add(next(latest))
        return self.shown([trials[each] for each in sorted(kept)], number)

    def _look(self, trials: Sequence[FrozenTrial], number: int) -> None:
        below = int(max(0, min(self.first_hidden(number), len(trials))))
        if below < self._below:
            self._forget()  # it was asked for a later trial before
        self._below = below
        for trial in self._pending.ended(trials, below):
            if trial.value is not None and not self._fits(trial):
                self._unfit.add(trial.number)
                continue
            self._rank(trial)
            if AGAIN not in trial.user_attrs and trial.state is not TrialState.FAIL:
                score = trial.value if ending_of(trial) == "complete" else None
                self._climb.add(trial.number, score)

    def _rank(self, trial: FrozenTrial) -> None:
        most = best_kept(self._most)
        if trial.value is None or not most:
            return
        push = heappush if len(self._best) < most else heappushpop
        push(self._best, (trial.value, -trial.number))
