"""Pruners: what ends a trial that will not catch up. Steps are a trial's reports, from 1."""

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    NopPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
)

from engine.spec.search import Pruner

_KEPT_PERCENT = 75.0
_FULL_TRIALS = 8
"""Trials that come to their end before any is pruned: about as many as there are warm starts."""
_SPARED_REPORTS = 2
"""First reports of a trial that do not count against it: its rates are still warming up."""
_COMPARED_TRIALS = 4
"""Fewest complete trials with a report at the same step that say what is usual there."""


def make_pruner(kind: Pruner) -> BasePruner:
    """Return a pruner.

    ``percentile`` ends a trial whose best report so far is below what three quarters of the
    complete trials had at that step. ``asha`` is the one bracket of the authors' published code
    (grace of 1 report, halving at 2, 4, 8 …); ``hyperband`` deals trials out to several brackets
    (Li et al. 2018).
    """
    match kind:
        case "percentile":
            return PercentilePruner(
                _KEPT_PERCENT,
                n_startup_trials=_FULL_TRIALS,
                n_warmup_steps=_SPARED_REPORTS + 1,
                n_min_trials=_COMPARED_TRIALS,
            )
        case "hyperband":
            return HyperbandPruner(min_resource=1, max_resource="auto", reduction_factor=3)
        case "asha":
            return SuccessiveHalvingPruner(
                min_resource=1, reduction_factor=2, min_early_stopping_rate=0
            )
        case "none":
            return NopPruner()
