"""What matters in a study: the share of each choice in the differences of p."""

import warnings
from collections import Counter
from collections.abc import Sequence
from math import log10
from typing import TYPE_CHECKING, Final

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import create_trial

from engine.search.storage import quieten
from engine.spec.search import Evaluator, is_worth_weighing
from engine.store.connection import Store
from engine.store.importance import (
    ImportanceRecord,
    Tried,
    begin_weighing,
    count_complete,
    every,
    importance_of,
    keep_importance,
    tried,
)

if TYPE_CHECKING:
    from optuna.importance import BaseImportanceEvaluator

_SEED: Final = 0
"""Of the forest of fANOVA: the same trials say the same."""


def weigh_if_old(
    store: Store, study_id: int, evaluator: Evaluator, *, unless_begun: bool = False
) -> bool:
    """Weigh what matters in a study if enough trials came since the last time; say if it was.

    Args:
        store: of the study.
        study_id: which one.
        evaluator: as ``weigh`` takes it.
        unless_begun: leave it to the worker that has begun to, if one has: many find out at the
            same moment that enough trials came.
    """
    with store.at_one_moment() as now:
        latest = importance_of(now, study_id, evaluator)
        before = None if latest is None else latest.trials
        if not is_worth_weighing(count_complete(now, study_id), before):
            return False
    trials = tried(store, study_id)
    if not is_worth_weighing(len(trials), before):
        return False
    if unless_begun and not begin_weighing(store, study_id, evaluator):
        return False
    keep_importance(store, study_id, weigh(trials, evaluator))
    return True


def weigh(trials: Sequence[Tried], evaluator: Evaluator) -> ImportanceRecord:
    """Return how the differences in p are shared out among the choices.

    A study of Optuna's is made of the trials for the moment, so that those of an imported study
    count as others do. Rates are weighed by their logarithm, evenly spread over what was tried.

    Args:
        trials: complete ones, oldest first; those with another number of choices than most are left
            out.
        evaluator: Optuna's PED-ANOVA, which asks what the best tenth has in common, or its fANOVA,
            which asks what explains the variance.
    """
    # Loaded here: it brings scikit-learn along, and most starts of a worker weigh nothing.
    from optuna.importance import get_param_importances

    choices, _ = Counter(len(trial.learning_rates) for trial in trials).most_common(1)[0]
    shown = trials[:: every(len(trials), evaluator)]
    alike = [trial for trial in shown if len(trial.learning_rates) == choices]
    names = [str(choice) for choice in range(choices)]
    points = [[log10(rate) for rate in trial.learning_rates] for trial in alike]
    spaces: dict[str, BaseDistribution] = {
        name: FloatDistribution(min(values), max(values))
        for name, values in zip(names, zip(*points, strict=True), strict=True)
    }
    quieten()
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        create_trial(params=dict(zip(names, point, strict=True)), distributions=spaces, value=t.p)
        for point, t in zip(points, alike, strict=True)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of too few trials, or all alike: the shares are equal
        shares = get_param_importances(study, evaluator=_made(evaluator), params=names)
    return ImportanceRecord(
        evaluator=evaluator,
        trials=len(trials),
        shares=tuple(float(shares[name]) for name in names),
    )


def _made(evaluator: Evaluator) -> "BaseImportanceEvaluator":
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

    if evaluator == "fanova":
        return FanovaImportanceEvaluator(seed=_SEED)
    return PedAnovaImportanceEvaluator()
