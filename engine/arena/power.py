"""The power dial: where the spread of a difference in p comes from, and what it takes to show one.

Differences are pairs with the same seed, so what a seed makes the same in both is out already. A
seed draws heads and order at once; the store cannot tell these apart. The rows that are measured
are the same for every seed, so their luck is part of what differs from sequence to sequence.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, variance
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.arena.headline import Effect, make_headline
from engine.arena.measuring import CONFIDENCE
from engine.arena.pace import Pace, pace_of
from engine.arena.recorded import Recorded
from engine.arena.results import CellRuns, Results, rows_measured
from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.measurements import EndAccuracies
from engine.store.searches import SearchRecord, searches
from engine.store.timing import work_times

SEQUENCES: Final = "sequences, at least"
SEQUENCES_AND_ROWS: Final = "sequences and rows"
DIFFERENCES: Final = (0.01, 0.02, 0.03)
SEEDS: Final = (1, 3, 5, 10)
MORE_ROWS: Final = (1, 2, 4)
"""Times as many as were measured."""
POWER: Final = 0.8
FEWEST_TOLD: Final = 6
"""Sequences below which the sign-flip test never comes below 0.05."""
MOST_SEQUENCES: Final = 400
_METHODS: Final = 2
"""A comparison is of one and of the one that it is compared with."""
_STEPS: Final = 40

_FEWEST: Final = 2
"""Of anything that is to spread."""


class Spread(Struct, frozen=True, kw_only=True):
    """Variances of a difference in p between a method and the one it is compared with."""

    sequence: float
    """From sequence to sequence, without the most that rows can make of it; where that is not
    known, with it."""
    seed: float
    """From seed to seed: heads and order."""
    rows: float | None
    """From rows to other rows of each task, at most: as if what one method knows said nothing of
    what the other does. None: scores are no shares of the rows, as macro-F1 is none."""
    search: float | None
    """From one search to another one of the same kind on the same sequence, in the p of its best
    trial; no sequence and no seed averages it out. None: no search was repeated."""
    measured: int
    """Rows of a task that were measured: the fewest of any task."""
    methods: int
    """How many methods it is the mean of."""
    sequences: int
    seeds: float
    """The mean number of them on a sequence."""

    @property
    def shares(self) -> Mapping[str, float | None]:
        """Standard deviations by what they come from, the largest first as far as known."""
        told = self.rows is not None
        named = {
            SEQUENCES if told else SEQUENCES_AND_ROWS: self.sequence,
            "seeds (heads, order)": self.seed,
            **({"rows, at most": self.rows} if told else {}),
            "search": self.search,
        }
        return {name: None if each is None else each**0.5 for name, each in named.items()}


def spread_of(
    effects: Sequence[Effect],
    results: Results,
    searches: Sequence[SearchRecord] = (),
    most_rows: int | None = None,
) -> Spread | None:
    """Return the variances, each the mean over the methods; None: too little was run.

    By analysis of variance, seeds within sequences (Searle et al. 1992): the mean
    squares within sequences are the seeds'; those between, less what seeds leave in a mean, are the
    sequences' and the rows'.

    Args:
        effects: of a headline.
        results: what it is of.
        searches: over or not, of all kinds.
        most_rows: of a task that were measured; None: all.
    """
    usable = [each for each in effects if _spreads(each)]
    if not usable:
        return None
    found = rows_measured(results)
    measured = {task: min(rows, most_rows or rows) for task, rows in found.items()}
    tasks = {task for each in usable for gain in each.counted for task in gain.sequence.split(":")}
    told = tasks <= measured.keys()
    rows = fmean(_rows(each, results, measured) for each in usable) if told else 0.0
    parts = [_components(each) for each in usable]
    between = fmean(part[0] for part in parts)
    return Spread(
        sequence=max(0.0, between - rows),
        seed=fmean(part[1] for part in parts),
        rows=min(rows, between) if told else None,
        search=_of_searches(searches),
        measured=min(measured.values(), default=0) if told else 0,
        methods=len(usable),
        sequences=max(len(each.counted) for each in usable),
        seeds=fmean(len(gain.by_seed) for each in usable for gain in each.counted),
    )


def _spreads(effect: Effect) -> bool:
    counted = effect.counted
    return len(counted) >= _FEWEST and any(len(gain.by_seed) >= _FEWEST for gain in counted)


def _components(effect: Effect) -> tuple[float, float]:
    """Return the variance between sequences, none below 0, and that of seeds within them."""
    samples = [list(gain.by_seed.values()) for gain in effect.counted]
    several = [sample for sample in samples if len(sample) >= _FEWEST]
    freedom = sum(len(sample) - 1 for sample in several)
    within = sum((len(sample) - 1) * variance(sample) for sample in several) / freedom
    left = within * fmean(1 / len(sample) for sample in samples)
    return max(0.0, variance(map(fmean, samples)) - left), within


def _rows(effect: Effect, results: Results, measured: Mapping[str, int]) -> float:
    """Return what other rows would have made of a difference on a sequence, at most.

    p is the mean over earlier tasks plus the last; of m rows an accuracy a has the variance
    a (1 - a) / m, and of a difference there are two.
    """
    found = [
        2 * _of_run(ends, tuple(gain.sequence.split(":")), measured)
        for gain in effect.counted
        for cell in [results.cells.get((effect.entrant, tuple(gain.sequence.split(":"))))]
        if cell is not None
        for ends in _ends(cell)
    ]
    return fmean(found) if found else 0.0


def _ends(cell: CellRuns) -> Iterator[EndAccuracies]:
    yield from cell.accuracies.values()


def _of_run(ends: EndAccuracies, tasks: tuple[str, ...], measured: Mapping[str, int]) -> float:
    whole = 0.0
    last = len(tasks) - 1
    for place, task in enumerate(tasks):
        accuracy = ends.get((last, place))
        if accuracy is None or task not in measured:
            continue
        weight = 1.0 if place == last else 1.0 / last
        whole += weight**2 * accuracy * (1 - accuracy) / measured[task]
    return whole


def _of_searches(searches: Sequence[SearchRecord]) -> float | None:
    """Return the variance of the best p over searches of one kind on one sequence."""
    kinds: dict[object, list[float]] = {}
    for item in searches:
        spec = item.study.spec
        if item.over and item.best_mean_p is not None:
            kind = (spec.method, spec.search.searched_stages, spec.sequence, spec.data)
            kinds.setdefault(kind, []).append(item.best_mean_p)
    repeated = [values for values in kinds.values() if len(values) >= _FEWEST]
    if not repeated:
        return None
    freedom = sum(len(values) - 1 for values in repeated)
    return sum((len(values) - 1) * variance(values) for values in repeated) / freedom


class Design(Struct, frozen=True, kw_only=True):
    """What is run for a comparison of two methods."""

    sequences: int
    seeds: int
    rows: int


class Way(Struct, frozen=True, kw_only=True):
    """A design that shows a difference."""

    difference: float
    design: Design | None
    """None: not with any number of sequences that could be had."""
    seeds: int
    rows: int
    hours: float | None
    """Of both methods' runs; None: nobody knows."""


class Dial(Struct, frozen=True, kw_only=True):
    """What a store says of comparisons to come."""

    spread: Spread
    pace: Pace
    ways: tuple[Way, ...]
    shown: float
    """The difference that what was recorded shows with a power of 0.8."""


def make_dial(store: Store, item: Recorded) -> Dial:
    """Work out what the runs of a setting say of comparisons to come.

    Raises:
        UsageError: too little was run to know any spread.
    """
    headline = make_headline(item.entrants, item.sequences, item.results, item.declared)
    found = spread_of(
        headline.effects if headline else (),
        item.results,
        searches(store, item.model, item.protocol),
        item.protocol.eval_rows,
    )
    if found is None:
        raise UsageError(
            "nothing says how much p spreads yet; run two methods on two sequences with two seeds"
        )
    runs = [run.id for cell in item.results.cells.values() for run in cell.runs]
    pace = pace_of(work_times(store, runs))
    seeds = max(1, round(found.seeds))
    there = Design(sequences=found.sequences, seeds=seeds, rows=found.measured)
    return Dial(
        spread=found,
        pace=pace,
        ways=tuple(_ways(found, pace)),
        shown=shown_difference(found, there),
    )


def standard_error(spread: Spread, design: Design) -> float:
    """Return the standard error of a mean difference: √((σ²_sequence + σ²_rows + σ²_seed / k) / n).

    Seeds are drawn anew on every sequence; rows are the same for all seeds of one.
    """
    more = design.rows / spread.measured if spread.measured else 1.0
    each = spread.sequence + (spread.rows or 0.0) / more + spread.seed / design.seeds
    return math.sqrt(each / design.sequences)


def power(spread: Spread, design: Design, difference: float) -> float:
    """Return how probable it is that a difference is shown, two-sided at 0.05.

    By Student's test over sequences, whose power the sign-flip test has nearly; with fewer than six
    sequences that shows nothing.
    """
    if design.sequences < FEWEST_TOLD:
        return 0.0
    from scipy.special import nctdtr, stdtrit

    error, freedom = standard_error(spread, design), design.sequences - 1
    if error == 0:
        return 1.0
    limit = float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
    beyond = difference / error
    found = 1 - nctdtr(freedom, beyond, limit) + nctdtr(freedom, beyond, -limit)
    return 1.0 if math.isnan(found) else float(found)


def needed_sequences(spread: Spread, seeds: int, rows: int, difference: float) -> int | None:
    """Return the fewest sequences that show a difference; None: more than could be had."""
    for number in range(FEWEST_TOLD, MOST_SEQUENCES + 1):
        if power(spread, Design(sequences=number, seeds=seeds, rows=rows), difference) >= POWER:
            return number
    return None


def shown_difference(spread: Spread, design: Design) -> float:
    """Return the least difference that a design shows; infinite: it shows none."""
    if design.sequences < FEWEST_TOLD:
        return math.inf
    low, high = 0.0, 2.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if power(spread, design, middle) >= POWER else (middle, high)
    return high


def _ways(spread: Spread, pace: Pace) -> Iterator[Way]:
    for difference in DIFFERENCES:
        for more in MORE_ROWS if spread.measured else (1,):
            for seeds in SEEDS:
                rows = spread.measured * more
                number = needed_sequences(spread, seeds, rows, difference)
                way = Way(difference=difference, design=None, seeds=seeds, rows=rows, hours=None)
                if number is not None:
                    design = Design(sequences=number, seeds=seeds, rows=rows)
                    hours = pace.hours(_METHODS * number * seeds, more) if pace.runs else None
                    way = replace(way, design=design, hours=hours)
                yield way
