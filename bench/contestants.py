"""Who takes part in the contest between searches: those of the product, and what else there is."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from bench.contest import Contestant
from bench.landscape import Earlier, Ground
from engine.search.drafting import draft_trial
from engine.search.samplers import SeededSampler
from engine.search.smooth import SmoothSampler
from engine.search.spaces import Space
from engine.search.storage import ENDED

RANDOM: Final = "random, no starts"
DEFAULT: Final = "tpe, percentile"
_SLOW: Final = 160.0
_BEGINNING: Final = 80.0
"""What earlier searches are worth is seen in the first trials."""


class RateByRate(SeededSampler):
    """Optuna's TPE for each rate alone, as it was by default before its version 5."""

    def make(self, seed: int) -> BaseSampler:
        return TPESampler(seed=seed, multivariate=False)

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002 - Optuna's signature
        trial: FrozenTrial,  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, BaseDistribution]:
        return {}


class AutoSamplersRule(SeededSampler):
    """The rule of OptunaHub's AutoSampler for numbers: up to 250 trials Optuna's GP, as it is."""

    def make(self, seed: int) -> BaseSampler:
        return GPSampler(seed=seed, warn_independent_sampling=False)


class EarlierTrials(SeededSampler):
    """Optuna's TPE, which takes the trials of earlier searches for its own, by standard score."""

    def __init__(self, space: Space, seed: int, ground: Ground) -> None:
        super().__init__("tpe", space, seed)
        self._searched = space
        self._plain = SeededSampler("tpe", space, seed)
        self._earlier = [each for search in ground.earlier() for each in as_trials(search, space)]

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, Any]:
        own = [each for each in study.get_trials(deepcopy=False) if each.state.is_finished()]
        known = [*self._earlier, *standardised(own, self._searched)]
        return draft_trial(self._plain, self._searched, trial.number, known).params


class Shaped(SeededSampler):
    """The smooth process, with as much of a profile's shape: 0, or level, slope and bend."""

    def __init__(self, space: Space, seed: int, coarse: int) -> None:
        self._coarse = coarse
        super().__init__("smooth", space, seed)

    def make(self, seed: int) -> BaseSampler:
        return SmoothSampler(seed, coarse=self._coarse)


class EarlierTold(SeededSampler):
    """The smooth process, with the trials of earlier searches."""

    def __init__(self, space: Space, seed: int, ground: Ground) -> None:
        self._told = [as_trials(search, space) for search in ground.earlier()]
        super().__init__("smooth", space, seed)

    def make(self, seed: int) -> BaseSampler:
        return SmoothSampler(seed, self._told)


def as_trials(search: Earlier, space: Space) -> list[FrozenTrial]:
    """Return an earlier search's trials in Optuna's words; collapsed ones as pruned."""
    distributions = space.distributions()
    trials = [
        create_trial(
            state=TrialState.PRUNED if p is None else TrialState.COMPLETE,
            value=p,
            params=space.parameters(space.clip(rates)),
            distributions=distributions,
            user_attrs={ENDED: "collapsed"} if p is None else {},
        )
        for rates, p in search.trials
    ]
    return standardised(trials, space)


def standardised(trials: Sequence[FrozenTrial], space: Space) -> list[FrozenTrial]:
    values = [each.value for each in trials if each.value is not None]
    mean, spread = (np.mean(values), np.std(values) or 1.0) if values else (0.0, 1.0)
    return [
        create_trial(
            state=each.state,
            value=None if each.value is None else float((each.value - mean) / spread),
            params=each.params,
            distributions=space.distributions(),
            user_attrs=each.user_attrs,
            intermediate_values=each.intermediate_values,
        )
        for each in trials
    ]


CONTESTANTS: Final = {
    each.name: each
    for each in (
        Contestant(RANDOM, starts=False),
        Contestant("random"),
        Contestant("tpe", sampler="tpe"),
        Contestant(
            "tpe, rate by rate",
            make_sampler=lambda space, seed, _: RateByRate("tpe", space, seed),
        ),
        Contestant("gp", sampler="gp", most_epochs=_SLOW),
        Contestant(
            "AutoSampler's rule",
            sampler="gp",
            make_sampler=lambda space, seed, _: AutoSamplersRule("gp", space, seed),
            most_epochs=_SLOW,
        ),
        Contestant("cma", sampler="cma"),
        Contestant("smooth", sampler="smooth"),
        Contestant(
            "smooth, rates alone",
            make_sampler=lambda space, seed, _: Shaped(space, seed, 0),
        ),
        Contestant(
            "smooth, level, slope, bend",
            make_sampler=lambda space, seed, _: Shaped(space, seed, 3),
        ),
        *(
            Contestant(f"{sampler}, raced", sampler=sampler, pruner="percentile", raced=True)
            for sampler in ("random", "tpe", "cma", "smooth")
        ),
        Contestant("gp, raced", "gp", "percentile", raced=True, most_epochs=_SLOW),
        Contestant("one epoch, then top 3", ending="top-k"),
        Contestant("asha", ending="asha"),
        Contestant("pasha", ending="pasha"),
        Contestant(DEFAULT, sampler="tpe", pruner="percentile"),
        Contestant("tpe, hyperband", sampler="tpe", pruner="hyperband"),
        Contestant("smooth, percentile", sampler="smooth", pruner="percentile"),
        Contestant("tpe, raced, best of earlier", "tpe", "percentile", told=True, raced=True),
        Contestant("tpe, percentile, best of earlier", "tpe", "percentile", told=True),
        Contestant("smooth, percentile, best of earlier", "smooth", "percentile", told=True),
        Contestant(
            "tpe, percentile, trials of earlier",
            "tpe",
            "percentile",
            told=True,
            make_sampler=EarlierTrials,
        ),
        Contestant(
            "smooth, percentile, trials of earlier",
            "smooth",
            "percentile",
            told=True,
            make_sampler=EarlierTold,
            most_epochs=_BEGINNING,
        ),
    )
}
