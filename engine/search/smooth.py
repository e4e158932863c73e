"""A Gaussian process that knows what a profile is: neighbours, noise, and earlier studies."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from optuna.trial import TrialState

from engine.search.cube import Cube, CubeSampler
from engine.search.storage import ENDED

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial
    from sklearn.gaussian_process import GaussianProcessRegressor

    Array = NDArray[np.float64]

_CHOICE: Final = re.compile(r"lr\d+")
_LENGTH: Final = 1.5
"""Over which p changes along one rate, before any trial tells: a share of the space."""
_LENGTH_ALONE: Final = 0.7
"""Of a number where there is no shape."""
_LENGTH_OF_SHAPE: Final = 1.0
_LENGTH_OF_STUDIES: Final = 2.0
COARSE: Final = 1
"""Coefficients of a profile's shape: its level; with 2 its slope, with 3 its bend."""
_DOUBT: Final = 0.8
"""Standard deviation of the logarithm of what is believed of a length, before any trial tells."""
_NOISE: Final = 0.1
"""Standard deviation of p between seeds, as a share of that between trials; before any tells."""
_UNFINISHED: Final = 0.3
"""How much less sure the last report of a pruned trial is than p at its end, in the same share."""
_SPREAD: Final = 1024
"""Points that are drawn from the whole space, and as many near the best, to begin from."""
_ROUNDS: Final = 5
_KEPT: Final = 16
_TINY: Final = 1e-6
_FAR: Final = -5.0
"""Standard deviations from which on improvement is too small for its formula."""


class SmoothSampler(CubeSampler):
    """Expected improvement under a Gaussian process (Jones et al. 1998) of a smooth profile.

    Beside each rate its kernel sees their level over embeddings and layers, so that what is learnt
    of one profile is learnt of all that are as high. How much each matters is learnt from the
    trials, weighed against what is usual. What a trial has come to is p and noise, whose size is
    learnt too, so that improvement is counted from what is expected of the best, not from what luck
    made of it, and less where a trial would hardly tell more (Huang et al. 2006). p far below the
    usual is cut off: how bad a bad trial is says nothing of the good ones. Trials under way count
    as having come to what is expected of them.
    """

    def __init__(
        self,
        seed: int,
        earlier: "Sequence[Sequence[FrozenTrial]]" = (),
        coarse: int = COARSE,
    ) -> None:
        super().__init__(seed)
        self._draw = np.random.default_rng(seed)
        self._earlier = earlier
        self._coarse = coarse

    def sample_relative(
        self,
        study: "Study",
        trial: "FrozenTrial",
        search_space: dict[str, "BaseDistribution"],
    ) -> dict[str, Any]:
        cube = Cube(search_space)
        trials = [
            each
            for each in study.get_trials(deepcopy=False)
            if each.number != trial.number and search_space.keys() <= each.params.keys()
        ]
        own = _Tried(cube, [each for each in trials if _is_scored(each)])
        others = [_Tried(cube, list(each)) for each in self._earlier]
        if not own.values.size:
            return {}
        running = [cube.point(each) for each in trials if each.state is TrialState.RUNNING]
        belief = _Belief(cube, own, others, self._coarse)
        if running:
            belief.expect(np.array(running))
        return cube.parameters(self._improving(belief, own))

    def _improving(self, belief: "_Belief", own: "_Tried") -> "Array":
        """Return the point of the cube where most is to be gained, as far as drawing finds it."""
        means, _ = belief.at(own.points)
        best = float(means.max())
        tops = own.points[np.argsort(-means)[:_KEPT]]
        dimensions = own.points.shape[1]
        points = np.vstack(
            [
                self._draw.random((_SPREAD, dimensions)),
                self._near(tops, _SPREAD, 0.2),
            ]
        )
        for number in range(_ROUNDS):
            gains = _log_improvement(*belief.at(points), best, belief.noise)
            kept = points[np.argsort(-gains)[:_KEPT]]
            points = np.vstack([kept, self._near(kept, _SPREAD // 4, 0.1 / 2**number)])
        gains = _log_improvement(*belief.at(points), best, belief.noise)
        found: Array = points[int(np.argmax(gains))]
        return found

    def _near(self, points: "Array", count: int, apart: float) -> "Array":
        chosen = points[self._draw.integers(len(points), size=count)]
        steps = self._draw.normal(0.0, apart, chosen.shape)
        # Some of the numbers alone, as most differences in p come from few.
        steps *= self._draw.random(chosen.shape) < self._draw.uniform(0.1, 1.0, (count, 1))
        return np.clip(chosen + steps, 0.0, 1.0)


class _Tried:
    """Points that were tried, what came of each, and how much less sure that is than usual."""

    def __init__(self, cube: Cube, trials: "Sequence[FrozenTrial]") -> None:
        self.points = np.array([cube.point(trial) for trial in trials])
        scores = np.array([_score(trial) for trial in trials], dtype=np.float64)
        known = scores[np.isfinite(scores)]
        scores[~np.isfinite(scores)] = known.min() if known.size else 0.0
        if scores.size:
            usual = float(np.median(scores))
            scores = np.maximum(scores, usual - (scores.max() - usual))
        self.values = scores
        unfinished = [trial.state is TrialState.PRUNED for trial in trials]
        self.doubts = np.where(unfinished, _UNFINISHED**2, _TINY)

    def standardised(self) -> "Array":
        spread = float(self.values.std()) if len(self.values) > 1 else 0.0
        found: Array = (self.values - self.values.mean()) / (spread or 1.0)
        return found


class _Belief:
    """What is expected of p anywhere in the cube."""

    def __init__(self, cube: Cube, own: _Tried, others: Sequence[_Tried], coarse: int) -> None:
        self._numbers = cube.dimensions
        self._body = sum(_CHOICE.fullmatch(name) is not None for name in cube.names) - 1
        self._coarse = coarse if self._body > 1 else 0
        self._body = max(self._body, 1)
        self._studies = len(others)
        everything = [own, *others]
        self._points = np.vstack(
            [self._features(each.points, study) for study, each in enumerate(everything)]
        )
        self._values = np.concatenate([each.standardised() for each in everything])
        self._doubts = np.concatenate([each.doubts for each in everything])
        self._process = self._fitted()

    def at(self, points: "Array") -> "tuple[Array, Array]":
        """Return mean and standard deviation, noise left out."""
        mean, spread = self._process.predict(self._features(points, 0), return_std=True)
        return mean, np.sqrt(np.maximum(spread**2 - self.noise**2, _TINY**2))

    @property
    def noise(self) -> float:
        """Standard deviation of p between seeds."""
        return float(np.exp(0.5 * self._process.kernel_.theta[-1]))

    def expect(self, points: "Array") -> None:
        """Take what is expected at these points for what was found there."""
        means, _ = self.at(points)
        self._points = np.vstack([self._points, self._features(points, 0)])
        self._values = np.concatenate([self._values, means])
        self._doubts = np.concatenate([self._doubts, np.full(len(points), _TINY)])
        self._process = self._fitted(self._process)

    def _features(self, points: "Array", study: int) -> "Array":
        """Return the numbers as they are, the coarse shape of the body's rates, and the study.

        The studies are corners of a simplex: how like one another they are is learnt as any length.
        """
        from scipy.fft import dct

        corner = np.zeros((len(points), self._studies))
        if study:
            corner[:, study - 1] = 1.0
        shape = dct(points[:, : self._body], norm="ortho")[:, : self._coarse]
        return np.hstack([points, shape, corner])

    def _lengths(self) -> "Array":
        return np.concatenate(
            [
                np.full(self._numbers, _LENGTH if self._coarse else _LENGTH_ALONE),
                np.full(self._coarse, _LENGTH_OF_SHAPE),
                np.full(self._studies, _LENGTH_OF_STUDIES),
            ]
        )

    def _fitted(
        self, before: "GaussianProcessRegressor | None" = None
    ) -> "GaussianProcessRegressor":
        # Brings all of scipy.stats, which takes longer to load than Optuna.
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

        bounds = (1e-3, 1e3)
        usual = ConstantKernel(1.0, bounds) * Matern(self._lengths(), bounds, nu=2.5) + WhiteKernel(
            _NOISE**2, (1e-5, 1.0)
        )
        process = GaussianProcessRegressor(
            kernel=usual if before is None else before.kernel_,
            alpha=self._doubts,
            optimizer=None if before else _most_likely(usual.theta),
        )
        return process.fit(self._points, self._values)


def _most_likely(usual: "Array") -> "Callable[..., tuple[Array, float]]":
    """Return an optimizer that weighs what trials tell against what is usual.

    Without that few trials would tell lengths of many numbers, and be wrong.
    """
    from scipy.optimize import minimize

    doubts = np.full(len(usual), _DOUBT)
    doubts[0] = doubts[-1] = 1.5

    def optimize(
        unlikely: "Callable[[Array], tuple[float, Array]]", start: "Array", bounds: "Array"
    ) -> "tuple[Array, float]":
        def objective(theta: "Array") -> "tuple[float, Array]":
            value, gradient = unlikely(theta)
            off = (theta - usual) / doubts
            return value + 0.5 * float(off @ off), gradient + off / doubts

        found = minimize(
            objective, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 40}
        )
        return found.x, found.fun

    return optimize


def _log_improvement(means: "Array", spreads: "Array", best: float, noise: float) -> "Array":
    """Return the logarithm of what is to be gained over the best on average.

    Less where a trial would hardly tell more than is known (Huang et al. 2006).
    """
    from scipy.special import ndtr

    z = (means - best) / spreads
    density = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    with np.errstate(divide="ignore", invalid="ignore"):
        gained = np.exp(density) + z * ndtr(z)
        near = np.log(gained)
        # Where both are next to nothing: log(1 + z Φ/φ) by its expansion.
        far = density - 2 * np.log(np.abs(z))
    told = np.log1p(-noise / np.hypot(spreads, noise))
    found: Array = np.where(z > _FAR, near, far) + np.log(spreads) + told
    return found


def _is_scored(trial: "FrozenTrial") -> bool:
    return trial.state in {TrialState.COMPLETE, TrialState.PRUNED}


def _score(trial: "FrozenTrial") -> float:
    collapsed = trial.user_attrs.get(ENDED) == "collapsed"
    return np.nan if trial.value is None or collapsed else trial.value
