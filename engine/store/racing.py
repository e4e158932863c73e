"""Races: the best trials of a search once more while it goes on, so that luck is found out.

A race repeats a trial with another seed. It is a run of its study that has no number, and stands
beside its trial in ``cl_confirmation``. A trial's p is then the mean over its seeds. The seeds of
races are none of those that confirm: what selected a winner never scores it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import sqrt
from statistics import fmean, variance
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, select, true

from engine.spec import StudySpec
from engine.spec.search import Stages
from engine.store.connection import Store
from engine.store.runs import RunRecord, Scores, is_trial
from engine.store.schema import confirmation, run, study
from engine.store.states import UNFINISHED, RunState

SEEDS: Final = 3
"""With so many seeds a trial has raced enough, and its mean can be the best of the study."""
CONTENDERS: Final = 3
"""So many of the best trials race."""
FEWEST: Final = 8
"""Complete trials before which none races: about as many as there are warm starts."""
TRIALS_PER_RACE: Final = 3
"""A quarter of all runs are races at most."""
_MOST_RACES: Final = 4
"""Of one trial, with those that failed or were stopped."""

Trial = TypeVar("Trial")
_LEAST_FREEDOM: Final = 4
"""Degrees of freedom below which the spread over seeds is not known."""


class Race(Struct, frozen=True, kw_only=True):
    """A trial's run with another seed."""

    seed: int
    state: RunState
    scores: Scores | None
    """None: it is not complete."""


class Contender(Struct, frozen=True, kw_only=True):
    """A complete trial, and how its races ended."""

    run_id: int
    number: int
    own: Scores
    """With its own seed."""
    races: tuple[Race, ...] = ()

    @property
    def scores(self) -> tuple[Scores, ...]:
        """With each seed that is complete, its own first."""
        return (self.own, *(race.scores for race in self.races if race.scores is not None))

    @property
    def seeds(self) -> int:
        """With how many seeds it is complete."""
        return len(self.scores)

    @property
    def mean(self) -> Scores:
        """Over its seeds."""
        return mean_of(self.scores)

    @property
    def may_race(self) -> bool:
        """Whether one more seed would tell more: a trial that collapsed with one is out."""
        states = {race.state for race in self.races}
        return (
            self.seeds < SEEDS
            and len(self.races) < _MOST_RACES
            and not states & {"collapsed", *UNFINISHED}
        )


class Counts(Struct, frozen=True):
    """How far trials and races of a study are; as long as it is the same, so are its races."""

    begun: int
    complete: int
    races: int
    races_complete: int

    @property
    def allow_another(self) -> bool:
        """Whether there may be one more race."""
        enough = self.complete >= FEWEST
        return enough and TRIALS_PER_RACE * (self.races + 1) <= self.begun


def mean_of(scores: Sequence[Scores]) -> Scores:
    """Return the mean of scores, part by part."""
    return Scores(p_o=fmean(each.p_o for each in scores), p_s=fmean(each.p_s for each in scores))


class Standing(NamedTuple):
    """What the place of a trial among others comes from."""

    p: float
    """Mean over its seeds."""
    seeds: int
    number: int


def best_first(contenders: Iterable[Contender]) -> list[Contender]:
    """Return trials as ``best_first_by`` does."""
    return best_first_by(contenders, lambda each: Standing(each.mean.p, each.seeds, each.number))


def best_first_by(trials: Iterable[Trial], standing: Callable[[Trial], Standing]) -> list[Trial]:
    """Return trials by their mean over the seeds they have, ties by number.

    In front is the best of those with ``SEEDS`` seeds, once there is any.
    """
    ranked = sorted(
        ((standing(each), each) for each in trials), key=lambda it: (-it[0].p, it[0].number)
    )
    leader = next((at for at, (each, _) in enumerate(ranked) if each.seeds >= SEEDS), 0)
    in_place = [trial for _, trial in ranked]
    return [*in_place[leader : leader + 1], *in_place[:leader], *in_place[leader + 1 :]]


def next_to_race(contenders: Iterable[Contender]) -> Contender | None:
    """Return which of the best trials shall race now; None: all of them have, or are at it."""
    ranked = sorted(contenders, key=lambda each: (-each.mean.p, each.number))
    unspoilt = (each for each in ranked if all(race.state != "collapsed" for race in each.races))
    leaders = [each for _, each in zip(range(CONTENDERS), unspoilt, strict=False)]
    return next((each for each in leaders if each.may_race), None)


def spread_over_seeds(contenders: Iterable[Contender]) -> float | None:
    """Return the standard deviation of p between seeds of a trial; None: too few have raced."""
    several = [[each.p for each in trial.scores] for trial in contenders if trial.seeds > 1]
    freedom = sum(len(scores) - 1 for scores in several)
    if freedom < _LEAST_FREEDOM:
        return None
    return sqrt(sum((len(scores) - 1) * variance(scores) for scores in several) / freedom)


def race_of(trial_id: int) -> ColumnElement[bool]:
    """Return the condition that a run is a race of a trial, by the id of the trial's own run."""
    races = select(confirmation.c.run_id).where(confirmation.c.trial_id == trial_id)
    return run.c.study_id.is_not(None) & run.c.id.in_(races)


def races_of(
    connection: Connection, study_id: int, until: float | None = None
) -> Mapping[int, tuple[Race, ...]]:
    """Return the races of a study by the id of the trial's own run, in the order they began.

    ``until`` is a moment: races that had not ended by then are left out.
    """
    query = (
        select(confirmation.c.trial_id, run.c.seed, run.c.state, run.c.p_o, run.c.p_s)
        .join(run, run.c.id == confirmation.c.run_id)
        .where(run.c.study_id == study_id, ~is_trial())
        .where(true() if until is None else run.c.finished_at <= until)
        .order_by(run.c.id)
    )
    found: defaultdict[int, tuple[Race, ...]] = defaultdict(tuple)
    for row in connection.execute(query):
        scores = None
        if row.state == "complete" and row.p_o is not None:
            scores = Scores(p_o=row.p_o, p_s=row.p_s)
        found[row.trial_id] += (Race(seed=row.seed, state=row.state, scores=scores),)
    return found


def contenders(
    connection: Connection, study_id: int, races: Mapping[int, tuple[Race, ...]] | None = None
) -> list[Contender]:
    """Return the trials of a study that have raced, and the best of those that have not.

    Args:
        connection: to the store.
        study_id: the study.
        races: what ``races_of`` has found, where it was asked.
    """
    races = races_of(connection, study_id) if races is None else races
    scored = _scored(study_id)
    best = scored.order_by(run.c.p.desc(), run.c.number).limit(CONTENDERS + len(races))
    rows = {row.id: row for row in connection.execute(best)}
    missing = races.keys() - rows.keys()
    if missing:
        rows |= {row.id: row for row in connection.execute(scored.where(run.c.id.in_(missing)))}
    return [_contender(row, races) for row in rows.values()]


def noise_of(store: Store, study_id: int) -> float | None:
    """Return by how much the mean over ``SEEDS`` seeds differs by chance; None: not known yet."""
    with store.reading() as connection:
        spread = spread_over_seeds(contenders(connection, study_id))
    return None if spread is None else spread / sqrt(SEEDS)


def scored_trials(
    store: Store, study_id: int, trials: Iterable[RunRecord]
) -> list[tuple[RunRecord, Contender]]:
    """Return the complete trials that have a score, with their races, as ``best_first`` does."""
    with store.reading() as connection:
        races = races_of(connection, study_id)
    scored = {
        trial.id: trial for trial in trials if trial.state == "complete" and trial.p is not None
    }
    found = best_first(
        Contender(
            run_id=trial.id,
            number=trial.number or 0,
            own=Scores(p_o=trial.p_o or 0.0, p_s=trial.p_s or 0.0),
            races=races.get(trial.id, ()),
        )
        for trial in scored.values()
    )
    return [(scored[each.run_id], each) for each in found]


def ranked(store: Store, study_id: int, trials: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the complete trials that have a score, as ``best_first`` has them."""
    return [trial for trial, _ in scored_trials(store, study_id, trials)]


def best_of_studies(
    store: Store,
    model: str,
    grouping: str,
    *,
    besides: int,
    stages: Stages = "all",
    limit: int = 3,
) -> dict[str, tuple[float, ...]]:
    """Return the rates of the best complete trial of the latest other studies on a backbone.

    Args:
        store: where to look.
        model: the backbone, as studies name it.
        grouping: studies that group its layers otherwise mean other layers by the same choice.
        besides: the study that asks.
        stages: those that it searches: rates for others are no start for these.
        limit: how many studies to return at most.

    Returns:
        Learning rates by the study's name, the latest study first.
    """
    others = (
        select(study.c.id, study.c.name, study.c.spec)
        .where(study.c.model == model, study.c.id != besides, study.c.deleted_at.is_(None))
        .order_by(study.c.id.desc())
    )
    found: dict[str, tuple[float, ...]] = {}
    with store.reading() as connection:
        for row in connection.execute(others).all():
            if len(found) == limit:
                break
            spec = msgspec.json.decode(row.spec, type=StudySpec)
            if spec.protocol.grouping != grouping or spec.search.searched_stages != stages:
                continue
            rates = _best_rates(connection, row.id)
            if rates is not None:
                found[row.name] = rates
    return found


def _best_rates(connection: Connection, study_id: int) -> tuple[float, ...] | None:
    best = next(iter(best_first(contenders(connection, study_id))), None)
    if best is None:
        return None
    query = select(run.c.learning_rates).where(run.c.id == best.run_id)
    rates = connection.execute(query).scalar_one()
    return None if rates is None else msgspec.json.decode(rates, type=tuple[float, ...])


def _scored(study_id: int) -> Select[Any]:
    return select(run.c.id, run.c.number, run.c.p_o, run.c.p_s).where(
        run.c.study_id == study_id, run.c.state == "complete", run.c.p.is_not(None), is_trial()
    )


def _contender(row: Row[Any], races: Mapping[int, tuple[Race, ...]]) -> Contender:
    own = Scores(p_o=row.p_o, p_s=row.p_s)
    return Contender(run_id=row.id, number=row.number, own=own, races=races.get(row.id, ()))
