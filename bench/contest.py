"""How a search is replayed on a ground: proposals, early ends, epochs, and what it has found."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from optuna.storages import InMemoryStorage

from bench.landscape import DONE, FIRST_EPOCHS, LAST_EPOCHS, Ground, Outcome
from bench.races import Races
from engine.search.samplers import SeededSampler
from engine.search.spaces import Space, WarmStart, make_space, warm_starts
from engine.search.trials import Search
from engine.spec import SearchSettings, StudySpec
from engine.spec.search import Pruner, Sampler
from engine.store.racing import Contender

Ending = Literal["product", "top-k", "asha", "pasha"]
"""Who ends trials early: a pruner of the product, or who goes on with some of those that pause."""
TRIAL_EPOCHS = FIRST_EPOCHS + LAST_EPOCHS
_TOLD = 3
"""Earlier searches whose best a new one of the product is told of."""

MakeSampler = Callable[[Space, int, Ground], SeededSampler]


@dataclass(frozen=True)
class Contestant:
    """A way to search."""

    name: str
    sampler: Sampler = "random"
    pruner: Pruner = "none"
    starts: bool = True
    """Whether known good profiles are tried first, as by default."""
    told: bool = False
    """Whether the best of earlier searches are among them."""
    raced: bool = False
    """Whether the best get more seeds while it goes on, and the best is a mean over three."""
    ending: Ending = "product"
    make_sampler: MakeSampler | None = None
    """Of a sampler that is in no product."""
    most_epochs: float = math.inf
    """Beyond which proposing takes too long to be replayed."""


@dataclass
class Trace:
    """What a search was worth, as it went on."""

    epochs: list[float] = field(default_factory=list)
    """Spent when a trial came to its end."""
    measured: list[float] = field(default_factory=list)
    true: list[float] = field(default_factory=list)

    def end(self, epochs: float, measured: float, true: float) -> None:
        self.epochs.append(epochs)
        self.measured.append(measured)
        self.true.append(true)

    def choose(self, epochs: float, true: float) -> None:
        """Take this for the best from now on, whatever was measured."""
        if not self.true or self.true[-1] != true:
            self.end(epochs, float(len(self.epochs)), true)

    def found(self, epochs: float) -> float | None:
        """Return the true p of what looked best by then; None: nothing had come to its end."""
        ended = bisect_right(self.epochs, epochs + 1e-9)
        return self.true[int(np.argmax(self.measured[:ended]))] if ended else None


def replay(contestant: Contestant, ground: Ground, seed: int, epochs: float) -> Trace:
    """Search until so many epochs are spent."""
    epochs = min(epochs, contestant.most_epochs)
    if contestant.ending == "product":
        return replay_product(contestant, ground, seed, epochs)
    return Pausing(contestant.ending, ground, proposals(contestant, ground, seed), seed).go(epochs)


def replay_product(contestant: Contestant, ground: Ground, seed: int, epochs: float) -> Trace:
    search = begin(contestant, ground, seed)
    draw = np.random.default_rng(10_000 + seed)
    trace, spent, begun = Trace(), 0.0, 0
    rates: dict[int, tuple[float, ...]] = {}

    def run_again(raced: Contender) -> float | None:
        nonlocal spent
        again = ground.run(rates[raced.number], draw)
        spent += epochs_at(len(DONE) if again.p is not None else len(again.reports) + 1)
        return again.p

    races = Races(run_again) if contestant.raced else None
    while spent < epochs:
        proposal = search.propose()
        assert proposal is not None
        outcome = ground.run(proposal.learning_rates, draw)
        reported = reported_until(search, proposal.number, outcome)
        spent += epochs_at(reported)
        begun += 1
        if reported < len(DONE) and outcome.p is not None:
            search.tell(proposal.number, "pruned", None)
        elif outcome.p is None:
            search.tell(proposal.number, "collapsed")
        else:
            search.tell(proposal.number, "complete", outcome.p)
            if races is None:
                trace.end(spent, outcome.p, ground.expect(proposal.learning_rates))
            else:
                rates[proposal.number] = proposal.learning_rates
                races.add(proposal.number, outcome.p)
        if races is not None:
            races.run(begun)
            if races.best is not None:
                trace.choose(spent, ground.expect(rates[races.best.number]))
    return trace


def reported_until(search: Search, number: int, outcome: Outcome) -> int:
    """Return how many reports a trial makes before it is ended, or comes to its end."""
    for step, p in enumerate(outcome.reports, start=1):
        search.report(number, step, p)
        if step < len(DONE) and search.should_prune(number):
            return step
    return min(len(DONE), len(outcome.reports) + (outcome.p is None))


def epochs_at(reports: int) -> float:
    """Return what a trial has cost at its report of that number; 0: at the first stage's end."""
    return FIRST_EPOCHS + (LAST_EPOCHS * DONE[reports - 1] if reports else 0.0)


def begin(contestant: Contestant, ground: Ground, seed: int) -> Search:
    """Begin a search of the product."""
    settings = SearchSettings(sampler=contestant.sampler, pruner=contestant.pruner, trials=10_000)
    spec = StudySpec(
        name="bench", sequence=("a", "b"), data="", model="", search=settings, seed=seed
    )
    space = make_space("profile", settings, ground.grouping, ground.hidden_size)
    made = contestant.make_sampler
    sampler = None if made is None else made(space, seed, ground)
    starts = first_trials(contestant, ground, spec, space)
    return Search(InMemoryStorage(), spec, space, starts, sampler)


def first_trials(
    contestant: Contestant, ground: Ground, spec: StudySpec, space: Space
) -> Sequence[WarmStart]:
    if not contestant.starts:
        return ()
    latest = ground.earlier()[-_TOLD:] if contestant.told else ()
    earlier = {each.name: each.best() for each in latest}
    return warm_starts(spec, space, ground.grouping, ground.hidden_size, earlier)


def proposals(contestant: Contestant, ground: Ground, seed: int) -> Iterator[tuple[float, ...]]:
    """Yield profiles of a sampler that learns nothing from how trials end."""
    search = begin(contestant, ground, seed)
    while True:
        proposal = search.propose()
        assert proposal is not None
        search.tell(proposal.number, "failed")
        yield proposal.learning_rates


class Pausing:
    """Trials that pause at rungs; some of them are gone on with.

    ``top-k``: every trial for one epoch of the last stage, the best three so far to the end (Egele
    et al. 2023). ``asha``: the best half of a rung goes on to the next (Li et al. 2020).
    ``pasha``: the same, but the highest rung is opened when the two below order trials differently
    (Bohdal et al. 2023).
    """

    TOP = 3
    RUNGS = (1, 2, 4)
    """Reports."""

    def __init__(
        self, ending: Ending, ground: Ground, rates: Iterator[tuple[float, ...]], seed: int
    ) -> None:
        self._ending, self._ground, self._rates = ending, ground, rates
        self._rungs = (2, 4) if ending == "top-k" else self.RUNGS
        self._open = 2 if ending == "pasha" else len(self._rungs)
        self._draw = np.random.default_rng(10_000 + seed)
        self._outcomes: list[Outcome] = []
        self._tried: list[tuple[float, ...]] = []
        self._at: list[list[int]] = [[] for _ in self._rungs]
        """Trials that have come to a rung."""
        self._spent = 0.0
        self._trace = Trace()

    def go(self, epochs: float) -> Trace:
        while self._spent < epochs:
            trial, rung = self._next()
            self._learn(trial, rung)
            self._look()
        return self._trace

    def _next(self) -> tuple[int, int]:
        for rung in reversed(range(1, self._open)):
            best = sorted(self._at[rung - 1], key=lambda each: -self._p(each, rung - 1))
            allowed = self.TOP if self._ending == "top-k" else len(best) // 2
            for trial in best[:allowed]:
                if trial not in self._at[rung] and self._p(trial, rung - 1) > -np.inf:
                    return trial, rung
        rates = next(self._rates)
        self._tried.append(rates)
        self._outcomes.append(self._ground.run(rates, self._draw))
        return len(self._tried) - 1, 0

    def _learn(self, trial: int, rung: int) -> None:
        before = self._rungs[rung - 1] if rung else None
        self._spent += epochs_at(self._rungs[rung]) - (epochs_at(before) if before else 0.0)
        self._at[rung].append(trial)
        p = self._outcomes[trial].p
        if rung == len(self._rungs) - 1 and p is not None:
            self._trace.end(self._spent, p, self._ground.expect(self._tried[trial]))

    def _loss_at(self, rung: int, each: int) -> float:
        return -self._p(each, rung)

    def _look(self) -> None:
        """Open the highest rung where the order is not the same on the two below."""
        if self._open == len(self._rungs):
            return
        both = self._at[self._open - 1]
        orders = [
            sorted(both, key=partial(self._loss_at, rung))
            for rung in (self._open - 2, self._open - 1)
        ]
        if orders[0] != orders[1]:
            self._open += 1

    def _p(self, trial: int, rung: int) -> float:
        reports = self._outcomes[trial].reports
        step = self._rungs[rung]
        return reports[step - 1] if len(reports) >= step else -np.inf
