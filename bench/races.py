"""Races as a worker holds them: the best trials of a search with more seeds, when it is due."""

from collections.abc import Callable
from math import sqrt

from msgspec.structs import replace

from engine.store.racing import (
    SEEDS,
    Contender,
    Counts,
    Race,
    best_first,
    next_to_race,
    spread_over_seeds,
)
from engine.store.runs import Scores

RunAgain = Callable[[Contender], float | None]
"""Runs a trial with its next seed and returns its p; None: it collapsed."""


class Races:
    """The trials of a search that have come to their end, and their races."""

    def __init__(self, run_again: RunAgain) -> None:
        self._run_again = run_again
        self._found: dict[int, Contender] = {}

    def add(self, number: int, p: float) -> None:
        """Take a trial that has come to its end."""
        self._found[number] = Contender(run_id=number, number=number, own=_scores(p))

    def run(self, begun: int) -> None:
        """Race whatever is due once so many trials were begun."""
        while (raced := self._due(begun)) is not None:
            p = self._run_again(raced)
            race = Race(
                seed=len(raced.races),
                state="collapsed" if p is None else "complete",
                scores=None if p is None else _scores(p),
            )
            self._found[raced.number] = replace(raced, races=(*raced.races, race))

    def _due(self, begun: int) -> Contender | None:
        races = self.count
        allowed = Counts(begun, len(self._found), races, races).allow_another
        return next_to_race(self._found.values()) if allowed else None

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(len(each.races) for each in self._found.values())

    @property
    def best(self) -> Contender | None:
        """The best trial by now; None: none has come to its end."""
        return best_first(self._found.values())[0] if self._found else None

    @property
    def chance(self) -> float | None:
        """What luck does to a mean over the seeds of a race; None: there were too few."""
        spread = spread_over_seeds(self._found.values())
        return None if spread is None else spread / sqrt(SEEDS)


def _scores(p: float) -> Scores:
    return Scores(p_o=p - 0.5, p_s=0.5)
