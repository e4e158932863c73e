"""A ground fitted to the recorded landscape: p at any profile, and the luck of a seed.

What is expected of a profile says a regression of p on the logarithms of its rates: a Gaussian
process (Matérn, a length for each rate) or a forest, which err in different ways. How well, is told
by predicting runs that were left out. Luck is not modelled but drawn: what the same profile came to
with another seed, less the mean of its runs, of a profile that was about as good. So good and bad
profiles have the noise they had, and what a trial reports half way goes with what it comes to.
Whether a run collapses is drawn too, from a forest.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.landscape import DONE, Earlier, Outcome
from bench.recorded import MAIN, Recorded, recorded
from engine.profiles.grouping import make_grouping

Kind = Literal["process", "forest"]
Array = NDArray[np.float64]

_FOLDS = 5
_NEAR = 4
"""One in so many of the repeated profiles is about as good as another one, which may have its luck.
"""
_FEWEST = 3
"""Runs of one profile that tell what luck does."""
_DRAWN = 20_000
_KEPT = 50
_ROUNDS = 8


@dataclass
class Fitted:
    """The recorded landscape as a ground."""

    kind: Kind
    runs: Sequence[Recorded] = field(default_factory=recorded)
    grouping = make_grouping("paper", 6)
    hidden_size = 384

    def __post_init__(self) -> None:
        self.main = [each for each in self.runs if each.sequence == ":".join(MAIN)]
        self.ended = [each for each in self.main if each.p is not None]
        self._x = logarithms([each.rates for each in self.ended])
        self._y = np.array([came_to(each) for each in self.ended])
        self._model = regression(self.kind).fit(self._x, self._y)
        # Until profiles are repeated: what is wrong with predictions, which is more than luck.
        self._lucks = lucks(self.ended) or [
            (float(each[-1]), off[np.newaxis])
            for each, off in zip(self._y, self._y - self._left_out, strict=True)
        ]
        collapsed = np.array([each.p is None for each in self.main])
        self._collapse = None
        if collapsed.any() and not collapsed.all():
            forest = RandomForestClassifier(300, min_samples_leaf=3, random_state=0)
            self._collapse = forest.fit(logarithms([each.rates for each in self.main]), collapsed)
        self._known: dict[tuple[float, ...], tuple[Array, float]] = {}

    @cached_property
    def optimum(self) -> float:
        """The most that is expected of any profile in the space, as far as drawing finds it."""
        draw = np.random.default_rng(0)
        low, high = -7.0, -3.0
        points = np.vstack([draw.uniform(low, high, (_DRAWN, self._x.shape[1])), self._x])
        for number in range(_ROUNDS):
            kept = points[np.argsort(-self._expected(points))[:_KEPT]]
            near = np.repeat(kept, 40, axis=0)
            steps = draw.normal(0, 0.5 / 1.6**number, near.shape)
            points = np.vstack([kept, np.clip(near + steps, low, high)])
        return float(self._expected(points).max())

    def expect(self, rates: tuple[float, ...]) -> float:
        means, risk = self._at(rates)
        return float((1 - risk) * means[-1] + risk * self.collapsed_p)

    def run(self, rates: tuple[float, ...], draw: np.random.Generator) -> Outcome:
        means, risk = self._at(rates)
        if draw.random() < risk:
            return Outcome((self.collapsed_p,) * 2, None)
        *reports, p = (means + self._luck(float(means[-1]), draw)).tolist()
        return Outcome(tuple(reports), p)

    def earlier(self) -> Sequence[Earlier]:
        """Return the recorded searches on the other sequences."""
        found: defaultdict[str, list[tuple[tuple[float, ...], float | None]]] = defaultdict(list)
        for each in self.runs:
            if each.sequence != ":".join(MAIN):
                found[each.sequence].append((each.rates, each.p))
        return [
            Earlier(name, tuple(trials))
            for name, trials in found.items()
            if any(p is not None for _, p in trials)
        ]

    @cached_property
    def collapsed_p(self) -> float:
        """What is left where one class is predicted: the least that any profile came to."""
        return float(self._y[:, -1].min())

    def r2(self, *, searched: bool = False) -> float:
        """Return how well p of runs left out is predicted; of the better half alone, if searched.

        Runs of one profile are left out together.
        """
        told = self._left_out[:, -1]
        true = self._y[:, -1]
        good = true >= np.median(true) if searched else np.full(len(true), True)  # noqa: FBT003
        return float(r2_score(true[good], told[good]))

    @cached_property
    def _left_out(self) -> Array:
        """What is predicted of every run by the others."""
        groups = np.unique(self._x, axis=0, return_inverse=True)[1]
        folds = GroupKFold(_FOLDS, shuffle=True, random_state=0)
        told: Array = cross_val_predict(
            regression(self.kind), self._x, self._y, cv=folds, groups=groups
        )
        return told

    def noise(self) -> list[tuple[float, float]]:
        """Return mean and standard deviation of p of each profile that was learnt repeatedly."""
        return [(mean, float(luck[:, -1].std())) for mean, luck in self._lucks if len(luck) > 1]

    def _at(self, rates: tuple[float, ...]) -> tuple[Array, float]:
        if rates not in self._known:
            point = logarithms([rates])
            self._known[rates] = (self._model.predict(point)[0], float(self._risk(point)[0]))
        return self._known[rates]

    def _expected(self, points: Array) -> Array:
        risk = self._risk(points)
        means: Array = self._model.predict(points)[:, -1]
        return (1 - risk) * means + risk * self.collapsed_p

    def _risk(self, points: Array) -> Array:
        if self._collapse is None:
            return np.zeros(len(points))
        risk: Array = self._collapse.predict_proba(points)[:, 1]
        return risk

    def _luck(self, p: float, draw: np.random.Generator) -> Array:
        near = sorted(self._lucks, key=lambda each: abs(each[0] - p))
        near = near[: max(1, len(near) // _NEAR)]
        _, luck = near[draw.integers(len(near))]
        chosen: Array = luck[draw.integers(len(luck))]
        return chosen


def regression(kind: Kind) -> Any:  # noqa: ANN401 - of sklearn, which has no types
    """Return a regression of p at each report, and of p at the end, on the logarithms of rates."""
    if kind == "forest":
        return ExtraTreesRegressor(500, min_samples_leaf=2, random_state=0)
    kernel = ConstantKernel(1.0) * Matern([2.0] * 8, (0.2, 50.0), nu=2.5) + WhiteKernel(0.05)
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    return make_pipeline(StandardScaler(), process)


def logarithms(rates: Sequence[Sequence[float]]) -> Array:
    found: Array = np.log10(np.array(rates))
    return found


def came_to(each: Recorded) -> Array:
    """Return p at each report, on the rows that are followed, and p at the end on all."""
    assert [point.done for point in each.points] == list(DONE)
    assert each.p is not None
    return np.array([*(point.p for point in each.points), each.p])


def lucks(ended: Sequence[Recorded]) -> list[tuple[float, Array]]:
    """Return, of every profile that was learnt repeatedly, its mean p and what each run had more.

    Stretched, as the mean of few runs is nearer to each of them than the truth is.
    """
    found: defaultdict[tuple[float, ...], list[Array]] = defaultdict(list)
    for each in ended:
        found[each.rates].append(came_to(each))
    repeated = [np.array(each) for each in found.values() if len(each) >= _FEWEST]
    return [
        (
            float(each[:, -1].mean()),
            (each - each.mean(axis=0)) * np.sqrt(len(each) / (len(each) - 1)),
        )
        for each in repeated
    ]
