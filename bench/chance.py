"""How often the arena's headline sees a difference where there is none: python -m bench chance

Flat against flat, with other seeds: 8 sequences × 5 seeds, scored on 600 rows of each of two tasks.
What differs from one to the other is luck alone: of seeds, of rows, and of sequences, on which one
is the better and on another the other.
"""

from statistics import fmean
from typing import Final

import numpy as np
from msgspec import Struct

from bench.figures import Figure
from engine.arena.entrants import parse_entrants
from engine.arena.headline import Effect, make_headline
from engine.arena.results import CellRuns, Results
from engine.spec import Source

SEQUENCES, SEEDS, ROWS = 8, 5, 600
LEVEL: Final = 0.05
_SURE: Final = 0.95
_KNOWN: Final = 0.8
"""Of each task, by both."""


class Luck(Struct, frozen=True, kw_only=True):
    """Standard deviations of p."""

    sequence: float
    """Of the difference, from sequence to sequence."""
    seed: float
    """Of one run, from seed to seed."""


class WrongCalls(Struct, frozen=True, kw_only=True):
    """Shares of all times in which something was seen."""

    test: float
    """p < 0.05 in the sign-flip test."""
    interval: float
    """The interval leaves 0 out."""
    count: float
    """It is better on a sequence at least; wrong only where sequences are no matter."""
    chances: float
    """Better, or worse, with a probability of 0.95 or more."""


MEASURED: Final = (
    Luck(sequence=0.0, seed=0.005),
    Luck(sequence=0.0, seed=0.02),
    Luck(sequence=0.01, seed=0.02),
    Luck(sequence=0.03, seed=0.01),
)


def measure(*, quick: bool) -> list[Figure]:
    """Return how often each statement was wrong, in per cent."""
    figures: list[Figure] = []
    for luck in MEASURED:
        found = wrong_calls(luck, times=5 if quick else 2000)
        case = f"luck of sequences {luck.sequence:g}, of seeds {luck.seed:g}"
        shares = {
            "% sign-flip test < .05": found.test,
            "% interval without 0": found.interval,
            "% chances of .95 or more": found.chances,
        }
        if not luck.sequence:  # else one is the better on some, and found so
            shares["% better on one or more"] = found.count
        for what, share in shares.items():
            per_cent = 100 * share
            figures.append(
                Figure(case=case, what=what, middle=per_cent, low=per_cent, high=per_cent, rounds=1)
            )
    return figures


def wrong_calls(luck: Luck, times: int) -> WrongCalls:
    """Compare flat with flat so often, the same way each time it is asked."""
    random = np.random.default_rng(7)
    effects = [_one(luck, random) for _ in range(times)]
    return WrongCalls(
        test=fmean(each.p_value is not None and each.p_value < LEVEL for each in effects),
        interval=fmean((each.low or 0) > 0 or (each.high or 0) < 0 for each in effects),
        count=fmean(each.better_on > 0 for each in effects),
        chances=fmean(
            each.chances is not None and max(each.chances.better, each.chances.worse) >= _SURE
            for each in effects
        ),
    )


def _one(luck: Luck, random: np.random.Generator) -> Effect:
    entrants = parse_entrants("flat-tuned,flat@2e-5")
    sequences = tuple(("a", f"b{place}") for place in range(SEQUENCES))
    cells: dict[tuple[str, tuple[str, ...]], CellRuns] = {
        (entrant.name, sequence): _runs(luck, random)
        for entrant in entrants
        for sequence in sequences
    }
    headline = make_headline(entrants, sequences, Results(cells=cells))
    assert headline is not None
    return headline.effects[0]


def _runs(luck: Luck, random: np.random.Generator) -> CellRuns:
    """Return runs on one sequence; the halves of p are of two tasks."""
    known = _KNOWN + random.normal(0, luck.sequence / 2**1.5)
    each = known + random.normal(0, luck.seed / 2**0.5, size=(SEEDS, 2))
    right = random.binomial(ROWS, np.clip(each, 0.0, 1.0)) / ROWS
    return CellRuns(
        source=Source(),
        runs=(),
        planned=SEEDS,
        accuracies={
            seed: {(1, 0): float(p_o), (1, 1): float(p_s)} for seed, (p_o, p_s) in enumerate(right)
        },
    )
