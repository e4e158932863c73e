"""The unit cube that a space of rates is searched in, and what all who search it have in common."""

from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import intersection_search_space

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial


class CubeSampler(BaseSampler):
    """Proposes all numbers of a trial together; one that stands apart is drawn at random."""

    def __init__(self, seed: int) -> None:
        self._random = RandomSampler(seed=seed)

    def infer_relative_search_space(
        self,
        study: "Study",
        trial: "FrozenTrial",  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, "BaseDistribution"]:
        return intersection_search_space(study.get_trials(deepcopy=False))

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
