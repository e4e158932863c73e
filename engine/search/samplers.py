"""Samplers, each asked anew for every trial so that any process can go on with the search."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from engine.search.cma import CmaSampler
from engine.search.smooth import SmoothSampler
from engine.search.spaces import Space
from engine.spec import derived_seed
from engine.spec.search import Sampler

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial


class SeededSampler(BaseSampler):
    """Ask a fresh sampler for every trial.

    Its seed comes from the study's and the trial's number, so what is proposed depends only on
    what the store knows, not on which process asks or how often it was started again.
    """

    def __init__(self, kind: Sampler, space: Space, seed: int) -> None:
        self._space = {
            name: distribution
            for name, distribution in space.distributions().items()
            if not distribution.single()
        }
        # One number alone has no covariance to adapt.
        self.kind: Sampler = "tpe" if kind == "cma" and len(self._space) == 1 else kind
        self._seed = seed
        self._fresh = self.make(derived_seed("sampler", seed, 0))

    def make(self, seed: int) -> BaseSampler:
        """Return the sampler that is asked for one trial."""
        return make_sampler(self.kind, seed)

    def before_trial(self, study: "Study", trial: "FrozenTrial") -> None:
        self._fresh = self.make(derived_seed("sampler", self._seed, trial.number))
        self._fresh.before_trial(study, trial)

    def infer_relative_search_space(
        self,
        study: "Study",  # noqa: ARG002 - Optuna's signature
        trial: "FrozenTrial",  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, "BaseDistribution"]:
        # The space is known: looking for it in every past trial takes longer the more there are.
        return self._space

    def sample_relative(
        self, study: "Study", trial: "FrozenTrial", search_space: dict[str, "BaseDistribution"]
    ) -> dict[str, Any]:
        return self._fresh.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: "Study",
        trial: "FrozenTrial",
        param_name: str,
        param_distribution: "BaseDistribution",
    ) -> Any:  # noqa: ANN401 - as Optuna declares it
        return self._fresh.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: "Study",
        trial: "FrozenTrial",
        state: "TrialState",
        values: Sequence[float] | None,
    ) -> None:
        """Keep nothing: the trial may have been proposed by another process."""


def make_sampler(kind: Sampler, seed: int) -> BaseSampler:
    """Return a sampler with Optuna's defaults.

    But ``gp`` draws one trial at random, not ten: so did the authors' Bayesian optimisation, and
    on ``bench/search.py`` it is no worse for it.
    """
    match kind:
        case "tpe":
            return TPESampler(seed=seed)
        case "gp":
            return GPSampler(seed=seed, n_startup_trials=1, warn_independent_sampling=False)
        case "smooth":
            return SmoothSampler(seed)
        case "cma":
            return CmaSampler(seed)
        case "random":
            return RandomSampler(seed=seed)


def ignores_pruned(kind: Sampler) -> bool:
    """Whether the sampler learns nothing from a trial that Optuna knows as pruned."""
    return kind == "gp"
