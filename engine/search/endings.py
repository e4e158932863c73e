"""How the end of a run is said in Optuna's words, and of which ends nobody was told yet."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from optuna.trial import FrozenTrial, TrialState

Ending = Literal["complete", "pruned", "collapsed", "stopped", "failed"]
"""How a run ended, in the words of the store."""


def in_optunas_words(
    trial: FrozenTrial | None,
    state: Ending,
    p: float | None,
    complete: Callable[[], Sequence[FrozenTrial]] | None,
) -> tuple[TrialState, float | None]:
    """Return the state of a trial, and what it is worth; None: nothing.

    Args:
        trial: as it was before; None is enough where it was neither pruned nor collapsed.
        state: how its run ended.
        p: what the run came to.
        complete: returns the complete trials, by which one is judged that came to no end; None:
            the sampler learns from such a trial as it is.
    """
    match state:
        case "complete":
            return TrialState.COMPLETE, p
        case "stopped" | "failed":
            return TrialState.FAIL, None
        case "pruned" | "collapsed":
            score = None if complete is None else _score_unfinished(trial, state, p, complete)
            return (TrialState.PRUNED if score is None else TrialState.COMPLETE), score


def _score_unfinished(
    trial: FrozenTrial | None,
    state: Ending,
    p: float | None,
    complete: Callable[[], Sequence[FrozenTrial]],
) -> float | None:
    """Return what an unfinished trial is worth; None: there is nothing to judge it by."""
    known = (p, last_report(trial))
    last = next((score for score in known if score is not None and math.isfinite(score)), None)
    if state == "pruned" and last is not None:
        return last
    scores = [other.value for other in complete() if other.value is not None]
    return min(scores if last is None else [*scores, last], default=None)


def last_report(trial: FrozenTrial | None) -> float | None:
    """Return what a trial had reached when it last said so, as far as that is a number."""
    reports = {} if trial is None else trial.intermediate_values
    last = reports[max(reports)] if reports else None
    return None if last is None or math.isnan(last) else last


class Pending:
    """The trials of a growing list of which nobody was told yet that they have ended.

    Each trial stands at its number, as it is now. One that has ended never changes.
    """

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._looked_at = 0

    def ended(self, trials: Sequence[FrozenTrial], below: int | None = None) -> list[FrozenTrial]:
        """Return the trials that have ended and were not told before, by number.

        Args:
            trials: all there are.
            below: a number from which on none is told yet.
        """
        self._numbers.update(range(self._looked_at, len(trials)))
        self._looked_at = max(self._looked_at, len(trials))
        below = len(trials) if below is None else below
        ended = [
            number
            for number in sorted(self._numbers)
            if number < below and trials[number].state.is_finished()
        ]
        self._numbers.difference_update(ended)
        return [trials[number] for number in ended]

    def among(self, trials: Sequence[FrozenTrial]) -> Iterator[FrozenTrial]:
        """Yield the trials that were not told, by number."""
        return (trials[number] for number in sorted(self._numbers) if number < len(trials))
