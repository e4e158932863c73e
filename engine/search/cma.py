"""Covariance matrix adaptation, as a sampler that keeps nothing from trial to trial."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import intersection_search_space
from optuna.trial import TrialState

from engine.search.storage import ENDED

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

_STEP = 0.1
"""First standard deviation, as a share of the space: 0.3 to 0.4 decades."""
_ENQUEUED = "fixed_params"
"""Optuna's mark of trials that no sampler proposed."""


class CmaSampler(BaseSampler):
    """Covariance matrix adaptation in the unit cube of the space (Hansen and Ostermeier 2001).

    The search starts at the best warm start; a generation is the next trials by number, pruned
    ones with their last report, collapsed ones ranked last. It keeps no state: for every trial it
    learns from all earlier ones again. Optuna's sampler of that name keeps its state as a pickle
    in the store, which must not run code of whoever wrote it, and starts in the middle of the
    space whatever the warm starts showed.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = RandomSampler(seed=seed)

    def infer_relative_search_space(
        self,
        study: "Study",
        trial: "FrozenTrial",  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, "BaseDistribution"]:
        return intersection_search_space(study.get_trials(deepcopy=False))

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

    def sample_independent(
        self,
        study: "Study",
        trial: "FrozenTrial",
        param_name: str,
        param_distribution: "BaseDistribution",
    ) -> Any:  # noqa: ANN401 - as Optuna declares it
        return self._random.sample_independent(study, trial, param_name, param_distribution)


class Cube:
    """The space with every number, or its logarithm, stretched to 0..1."""

    def __init__(self, space: dict[str, "BaseDistribution"]) -> None:
        floats = [each for each in space.values() if isinstance(each, FloatDistribution)]
        self.names = tuple(space)
        self._low = np.array([each.low for each in floats])
        self._high = np.array([each.high for each in floats])
        self._log = np.array([each.log for each in floats])
        self._start = self._stretched(self._low)
        self._width = self._stretched(self._high) - self._start

    @property
    def dimensions(self) -> int:
        return len(self.names)

    def bounds(self) -> "NDArray[np.float64]":
        return np.tile((0.0, 1.0), (self.dimensions, 1))

    def middle(self) -> "NDArray[np.float64]":
        return np.full(self.dimensions, 0.5)

    def point(self, trial: "FrozenTrial") -> "NDArray[np.float64]":
        numbers = np.array([trial.params[name] for name in self.names])
        point: NDArray[np.float64] = (self._stretched(numbers) - self._start) / self._width
        return point.clip(0.0, 1.0)

    def parameters(self, point: "NDArray[np.float64]") -> dict[str, float]:
        # Clipped, as exp and log lose the last bit, and Optuna drops what lies outside by that.
        stretched = self._start + point * self._width
        numbers = np.where(self._log, np.exp(stretched), stretched).clip(self._low, self._high)
        return dict(zip(self.names, numbers.tolist(), strict=True))

    def _stretched(self, numbers: "NDArray[np.float64]") -> "NDArray[np.float64]":
        return np.where(self._log, np.log(numbers), numbers)


def _generations(trials: Sequence["FrozenTrial"], size: int) -> Iterator[Sequence["FrozenTrial"]]:
    """Cut the trials into full generations, without those that had nothing but collapses."""
    for first in range(0, len(trials) - size + 1, size):
        generation = trials[first : first + size]
        if any(_score(trial) > -math.inf for trial in generation):
            yield generation


def _score(trial: "FrozenTrial") -> float:
    collapsed = trial.user_attrs.get(ENDED) == "collapsed"
    return -math.inf if trial.value is None or collapsed else trial.value
