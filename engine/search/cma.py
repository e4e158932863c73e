"""Covariance matrix adaptation, as a sampler that keeps nothing from trial to trial."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from optuna.trial import TrialState

from engine.search.cube import Cube, CubeSampler
from engine.search.storage import ENDED

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

_STEP = 0.1
"""First standard deviation, as a share of the space: 0.3 to 0.4 decades."""
_ENQUEUED = "fixed_params"
"""Optuna's mark of trials that no sampler proposed."""


class CmaSampler(CubeSampler):
    """Covariance matrix adaptation in the unit cube of the space (Hansen and Ostermeier 2001).

    The search starts at the best warm start; a generation is the next trials by number, pruned
    ones with their last report, collapsed ones ranked last. It keeps no state: for every trial it
    learns from all earlier ones again. Optuna's sampler of that name keeps its state as a pickle
    in the store, which must not run code of whoever wrote it, and starts in the middle of the
    space whatever the warm starts showed.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._seed = seed

    def sample_relative(
        self,
        study: "Study",
        trial: "FrozenTrial",  # noqa: ARG002 - Optuna's signature
        search_space: dict[str, "BaseDistribution"],
    ) -> dict[str, Any]:
        # Brings all of scipy.stats, which takes longer to load than Optuna.
        from cmaes import CMA

        cube = Cube(search_space)
        scored = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        starts = [trial for trial in scored if _ENQUEUED in trial.system_attrs]
        asked = [trial for trial in scored if _ENQUEUED not in trial.system_attrs]
        optimizer = CMA(
            mean=cube.point(max(starts, key=_score)) if starts else cube.middle(),
            sigma=_STEP,
            bounds=cube.bounds(),
            n_max_resampling=10 * cube.dimensions,
            seed=self._seed,
        )
        for generation in _generations(asked, optimizer.population_size):
            optimizer.tell([(cube.point(trial), -_score(trial)) for trial in generation])
        return cube.parameters(optimizer.ask())


def _generations(trials: Sequence["FrozenTrial"], size: int) -> Iterator[Sequence["FrozenTrial"]]:
    """Cut the trials into full generations, without those that had nothing but collapses."""
    for first in range(0, len(trials) - size + 1, size):
        generation = trials[first : first + size]
        if any(_score(trial) > -math.inf for trial in generation):
            yield generation


def _score(trial: "FrozenTrial") -> float:
    collapsed = trial.user_attrs.get(ENDED) == "collapsed"
    return -math.inf if trial.value is None or collapsed else trial.value
