"""How the end of a run is said in Optuna's words."""

import math
from collections.abc import Callable, Sequence
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
