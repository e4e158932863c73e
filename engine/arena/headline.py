"""The headline: by how much each method is better than tuned flat on sequences unseen so far."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from engine.arena.entrants import Entrant, headline_reference
from engine.arena.inference import (
    Chances,
    chances,
    found_on,
    sign_flip_p_value,
    two_level_interval,
)
from engine.arena.measuring import P, gains_of, half_width, holm, paired_p_value
from engine.arena.results import CellRuns, Results
from engine.spec import sequence_name
from engine.spec.methods import method_entry

Standing = Literal["primary", "planned", "exploratory"]
"""Whether a comparison was declared before its first run: the one that was to be answered, another
that was to be made, or none."""
EXPLORATORY: Final[Standing] = "exploratory"


class Declared(Struct, frozen=True, kw_only=True):
    """What was declared of a comparison before its first run."""

    standing: Standing
    plan: str
    """By what people tell it from others."""
    question: str = ""
    """That it is to answer, as people wrote it."""
    sequences: tuple[tuple[str, ...], ...]
    seeds: tuple[int, ...]
    missing: int = 0
    """How many of its runs are not complete: until they are, this is no answer yet."""


Declarations = Mapping[tuple[str, str], Declared]
"""By the names of a row and of the one that it was to be compared with."""


class SequenceGain(Struct, frozen=True, kw_only=True):
    """By how much a method is better on one sequence, over the seeds that both have."""

    sequence: str
    seen: bool
    """Whether rates of either were searched on it."""
    counts: bool
    """Whether it is one of those that the mean is of."""
    by_seed: Mapping[int, float]
    gain: float
    half_width: float | None
    """Of the 95 % t-interval over seeds; None with one."""
    better: float | None
    """One-sided p-value of the paired t-test that it is better; None below three seeds."""
    worse: float | None


class Effect(Struct, frozen=True, kw_only=True):
    """A method's mean difference in p over sequences."""

    entrant: str
    title: str
    sequences: tuple[SequenceGain, ...]
    seen: bool
    """Whether it is over sequences that were searched on, for want of others."""
    mean: float
    low: float | None
    high: float | None
    """The 95 % interval, over sequences and seeds; None with fewer than three sequences."""
    p_value: float | None
    """Of the sign-flip test over sequences, after Holm's correction but for the primary one."""
    better_on: int
    worse_on: int
    """On how many sequences at least, 95 % sure."""
    chances: Chances | None
    standing: Standing = EXPLORATORY
    missing: int = 0
    """How many runs of what was declared are not complete."""
    is_bound: bool = False
    """Whether it stands there for what could be reached: nothing can be forgotten."""

    @property
    def counted(self) -> tuple[SequenceGain, ...]:
        """The sequences that the mean is of."""
        return tuple(gain for gain in self.sequences if gain.counts)


class Headline(Struct, frozen=True, kw_only=True):
    """Every method against tuned flat."""

    reference: str
    """The title of the row that the others are compared with."""
    effects: tuple[Effect, ...]
    """In the order of the table's rows."""

    @property
    def drawn(self) -> tuple[Effect, ...]:
        """From the top of a forest plot: what was declared before what was not, bounds last."""
        standings = get_args(Standing)
        return tuple(
            sorted(self.effects, key=lambda each: (each.is_bound, standings.index(each.standing)))
        )


def make_headline(
    entrants: Sequence[Entrant],
    sequences: Sequence[tuple[str, ...]],
    results: Results,
    declared: Declarations | None = None,
) -> Headline | None:
    """Return the headline of a table; None: there is nothing to compare yet.

    Args:
        entrants: rows of the table.
        sequences: its columns'.
        results: what the runs came to.
        declared: what was declared of comparisons with the same row; these are then made of those
            sequences and seeds alone. Others are exploratory.
    """
    reference = headline_reference(entrants)
    known = declared or {}
    effects = [
        _effect(entrant, reference, sequences, results, known.get((entrant.name, reference.name)))
        for entrant in entrants
        if entrant != reference
    ]
    there = [effect for effect in effects if effect is not None]
    if not there:
        return None
    return Headline(reference=reference.title, effects=tuple(_corrected(there)))


def _effect(
    entrant: Entrant,
    reference: Entrant,
    sequences: Sequence[tuple[str, ...]],
    results: Results,
    declared: Declared | None,
) -> Effect | None:
    gains = list(_gains(entrant, reference, sequences, results, declared))
    asked = [gain for gain in gains if gain.counts]
    unseen = [gain for gain in asked if not gain.seen]
    counted = unseen or asked
    if not counted:
        return None
    means = [gain.gain for gain in counted]
    interval = two_level_interval([list(gain.by_seed.values()) for gain in counted])
    low, high = interval or (None, None)
    return Effect(
        entrant=entrant.name,
        title=entrant.title,
        sequences=tuple(replace(gain, counts=gain in counted) for gain in gains),
        seen=not unseen,
        mean=fmean(means),
        low=low,
        high=high,
        p_value=sign_flip_p_value(means),
        better_on=found_on([gain.better for gain in counted if gain.better is not None]),
        worse_on=found_on([gain.worse for gain in counted if gain.worse is not None]),
        chances=chances(means),
        standing=EXPLORATORY if declared is None else declared.standing,
        missing=0 if declared is None else declared.missing,
        is_bound=method_entry(entrant.method).is_bound,
    )


def _gains(
    entrant: Entrant,
    reference: Entrant,
    sequences: Sequence[tuple[str, ...]],
    results: Results,
    declared: Declared | None,
) -> Iterator[SequenceGain]:
    """Yield the gain on each sequence that both were run on; of one in a plan by its seeds."""
    for sequence in sequences:
        one = results.cells.get((entrant.name, sequence))
        other = results.cells.get((reference.name, sequence))
        if one is None or other is None:
            continue
        planned = declared is not None and sequence in declared.sequences
        seeds = set(declared.seeds) if declared is not None and planned else None
        scores = _scores(one, len(sequence), seeds)
        base = _scores(other, len(sequence), seeds)
        shared = sorted(scores.keys() & base.keys())
        if not shared:
            continue
        by_seed = {seed: scores[seed] - base[seed] for seed in shared}
        name = sequence_name(sequence)
        better, worse = _one_sided(scores, base)
        yield SequenceGain(
            sequence=name,
            seen=name in {*one.source.searched_on, *other.source.searched_on},
            counts=planned or declared is None,
            by_seed=by_seed,
            gain=fmean(by_seed.values()),
            half_width=half_width(list(by_seed.values())),
            better=better,
            worse=worse,
        )


def _scores(found: CellRuns, tasks: int, seeds: set[int] | None) -> dict[int, float]:
    scores = {
        seed: P.of(accuracies, tasks, 0)
        for seed, accuracies in found.accuracies.items()
        if seeds is None or seed in seeds
    }
    return {seed: score for seed, score in scores.items() if score is not None}


def _one_sided(
    one: Mapping[int, float], other: Mapping[int, float]
) -> tuple[float | None, float | None]:
    """Return the p-values that one is better, and that it is worse; 1 where it is no matter."""
    p_value = paired_p_value(one, other)
    if p_value is None or p_value == 1:
        return p_value, p_value
    half = p_value / 2
    return (half, 1 - half) if fmean(gains_of(one, other)) > 0 else (1 - half, half)


def _corrected(effects: Sequence[Effect]) -> Iterator[Effect]:
    """Correct p-values for how many are looked at; the one that was declared stands alone."""
    others = [each for each in effects if each.standing != "primary"]
    tested = [each.p_value for each in others if each.p_value is not None]
    corrected = iter(holm(tested))
    for each in effects:
        if each.standing == "primary" or each.p_value is None:
            yield each
        else:
            yield replace(each, p_value=next(corrected))
