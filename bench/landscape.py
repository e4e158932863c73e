"""What a search is tried on in a bench: a ground to try profiles on, and a synthetic one.

The synthetic one has ten learning rates and is shaped like what sequential fine-tuning shows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.profiles.grouping import Grouping, make_grouping

CHOICES = 10
COLLAPSED = 1.0
"""Sum of two coin flips: what a model that predicts one class scores on two balanced tasks."""
OPTIMUM = 1.55
NOISE = 0.012
"""Standard deviation of p between seeds, as measured on a small backbone."""


DONE = (0.25, 0.5, 0.75, 1.0)
"""Shares of the last stage at which trials report p."""
FIRST_EPOCHS = LAST_EPOCHS = 2.0


@dataclass(frozen=True)
class Outcome:
    """What a trial would come to if nobody ended it."""

    reports: tuple[float, ...]
    """p at each of ``DONE``; of a trial that collapses, those before."""
    p: float | None
    """On the rows that score trials; None: it collapses."""


@dataclass(frozen=True)
class Earlier:
    """A search on another sequence: what it tried, and p as it was measured; None: collapsed."""

    name: str
    trials: tuple[tuple[tuple[float, ...], float | None], ...]

    def best(self) -> tuple[float, ...]:
        complete = [(p, rates) for rates, p in self.trials if p is not None]
        return max(complete)[1]


class Ground(Protocol):
    """Where a search can be tried, and the truth about what it found is known."""

    grouping: Grouping
    hidden_size: int

    @property
    def optimum(self) -> float:
        """Most that any profile has of p without noise."""
        ...

    def expect(self, rates: tuple[float, ...]) -> float:
        """Return p without noise."""
        ...

    def run(self, rates: tuple[float, ...], draw: np.random.Generator) -> Outcome:
        """Learn with these rates and a seed of its own."""
        ...

    def earlier(self) -> Sequence[Earlier]:
        """Return searches on other sequences."""
        ...


@dataclass(frozen=True)
class Landscape:
    """Accuracy p = p_o + p_s of every profile, with an optimum of its own per seed."""

    best: np.ndarray
    weight: np.ndarray
    cliff: float

    def score(self, rates: tuple[float, ...]) -> float:
        """Return p without noise.

        Above its best rate a choice forgets, below it too little is learnt; the two trade off
        over all choices together, and too much drift in the encoder collapses the model.
        """
        excess = np.log10(rates) - self.best
        if float(np.mean(np.maximum(excess[:-1], -0.5))) > self.cliff:
            return COLLAPSED
        forgotten = 0.3 * (1 - math.exp(-2 * float(self.weight @ np.maximum(excess, 0.0) ** 2)))
        missed = 0.3 * (1 - math.exp(-float(self.weight @ np.maximum(-excess, 0.0) ** 2)))
        balance = float(self.weight @ excess)
        return OPTIMUM - forgotten - missed - 0.05 * math.tanh(balance**2)


@dataclass(frozen=True)
class Synthetic:
    """A synthetic landscape as a ground; what it reports within a stage is made up too."""

    landscape: Landscape
    seed: int
    grouping = make_grouping("paper", 12)
    hidden_size = 768
    optimum = OPTIMUM

    def expect(self, rates: tuple[float, ...]) -> float:
        return self.landscape.score(rates)

    def run(self, rates: tuple[float, ...], draw: np.random.Generator) -> Outcome:
        """Learn: p rises from where nothing is known of the last task, with ever less noise."""
        end = self.landscape.score(rates)
        if end == COLLAPSED:
            return Outcome((COLLAPSED,) * 2, None)
        luck = draw.normal(0, NOISE)
        reports = tuple(
            COLLAPSED
            + (end - COLLAPSED) * (1 - math.exp(-4 * done)) / (1 - math.exp(-4))
            + luck
            + draw.normal(0, NOISE * (2 - done))
            for done in DONE
        )
        return Outcome(reports, end + luck)

    def earlier(self) -> Sequence[Earlier]:
        """Return five random searches where the best rates are others, but not by much."""
        draw = np.random.default_rng(50_000 + self.seed)
        return [self._earlier(number, draw) for number in range(5)]

    def _earlier(self, number: int, draw: np.random.Generator) -> Earlier:
        other = Landscape(
            best=self.landscape.best + draw.normal(0, _ELSEWHERE, CHOICES),
            weight=self.landscape.weight,
            cliff=self.landscape.cliff,
        )
        trials = []
        for _ in range(24):
            body = 10 ** draw.uniform(-7, -4, CHOICES - 1)
            rates = (*map(float, body), float(10 ** draw.uniform(-7, -3)))
            p = other.score(rates)
            measured = None if p == COLLAPSED else p + float(draw.normal(0, NOISE))
            trials.append((rates, measured))
        return Earlier(f"earlier {number + 1}", tuple(trials))


_ELSEWHERE = 0.2
"""Decades between the best rates of one sequence and those of another."""


def make_landscape(seed: int) -> Landscape:
    """Draw a landscape: body optima near 1e-5, heads higher, few choices that matter most."""
    draw = np.random.default_rng(seed)
    best = np.append(draw.normal(-5.2, 0.45, CHOICES - 1), draw.normal(-4.2, 0.4))
    return Landscape(
        best=np.clip(best, -6.8, -4.0),
        weight=draw.dirichlet(np.full(CHOICES, 1.5)),
        cliff=0.6,
    )
