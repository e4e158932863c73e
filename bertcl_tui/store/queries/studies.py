"""Studies with their counts, best trial so far, rate and expected end."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, func, select

from bertcl_tui.store.queries.runs import (
    state_of,
    steps_per_second,
    tokens_per_second,
    unfinished_trials,
)
from bertcl_tui.store.study_rows import Best, StudyRow
from bertcl_tui.store.trial_rows import StudyState, TrialState
from engine.arena.measuring import half_width
from engine.spec import run_name
from engine.spec.protocol import Score
from engine.spec.search import Racing, Spending, Stages
from engine.store.endings import how_it_ended
from engine.store.racing import (
    FEWEST,
    TRIALS_PER_RACE,
    Contender,
    Counts,
    Race,
    best_first,
    contenders,
    next_to_race,
    races_of,
)
from engine.store.runs import is_trial
from engine.store.schema import run, study, tally, worker
from engine.store.searches import spending_of
from engine.store.states import ENDED, LOST_AFTER

Races = Mapping[int, tuple[Race, ...]]
"""By the run of the trial."""
_AT_ONCE: Final = 1000
"""Trials that are looked at first: most climbs are short."""
_HELD: Final[tuple[StudyState, ...]] = ("running", "stalled", "lost")
"""States of trials that a worker holds or held, the first of which is the study's."""
_RECENT = 20
"""Ended trials that say how long a trial takes."""


class Climb(Struct, frozen=True):
    """The steps up to the best trial of a study."""

    complete: int = 0
    """Complete trials for which this was asked."""
    races: Races | None = None
    """And their races."""
    steps: tuple[tuple[int, float], ...] = ()
    """Number and p of every trial that was better than all with a lower number."""
    best: Best | None = None
    racing: bool = False
    """Whether one of the best shall race, if there may be a race."""


class Climbs:
    """Remembers the climb of each study, by its id and birth: ids come again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, float], Climb] = {}

    def of(
        self,
        connection: Connection,
        study_id: int,
        created_at: float,
        complete: int,
        races: Races | None,
    ) -> Climb:
        """Return the climb of a study that has so many complete trials.

        ``races`` are its races; None: its trials do not race.
        """
        key = (study_id, created_at)
        known = self._known.get(key, Climb())
        if (known.complete, known.races) != (complete, races):
            self._known[key] = known = _ask(connection, study_id, complete, races)
        return known


def _ask(connection: Connection, study_id: int, complete: int, races: Races | None) -> Climb:
    """Go down from the best: on the way, a number below all before is a step of the climb."""
    down: list[Row[Any]] = []
    at_once = _AT_ONCE
    while True:
        rows = connection.execute(_best_before(study_id, down, at_once)).all()
        for row in rows:
            if not down or row.number < down[-1].number:
                down.append(row)
        if len(rows) < at_once:
            break
        at_once *= 8
    steps = tuple((row.number, row.p) for row in reversed(down))
    if races is not None and down:
        found = contenders(connection, study_id, races)
        return Climb(
            complete=complete,
            races=races,
            steps=steps,
            best=best_of(best_first(found)[0]),
            racing=next_to_race(found) is not None,
        )
    best = (
        Best(number=down[0].number, p=down[0].p, p_o=down[0].p_o, p_s=down[0].p_s) if down else None
    )
    return Climb(complete=complete, races=races, steps=steps, best=best)


def best_of(contender: Contender) -> Best:
    """Return a trial with the mean over its seeds, as the best of a study."""
    mean = contender.mean
    return Best(
        number=contender.number,
        p=mean.p,
        p_o=mean.p_o,
        p_s=mean.p_s,
        seeds=contender.seeds,
        half_width=half_width([each.p for each in contender.scores]),
    )


def _best_before(study_id: int, down: Sequence[Row[Any]], limit: int) -> Select[Any]:
    """Ask for the best trials of those with lower numbers than the last one found."""
    query = select(run.c.number, run.c.p, run.c.p_o, run.c.p_s).where(
        run.c.study_id == study_id, run.c.state == "complete", run.c.p.is_not(None), is_trial()
    )
    if down:
        query = query.where(run.c.number < down[-1].number)
    return query.order_by(run.c.p.desc(), run.c.number).limit(limit)


class _Protocol(Struct):
    preset: str
    grouping: str
    retention_rows: int
    score: Score = "accuracy"


class _Search(Struct):
    budget_epochs: float | None = None
    searched_stages: Stages = "all"
    first_lr: float | None = None
    racing: Racing = "off"
    in_order: int | None = None


class _Spec(Struct):
    """The part of a study's specification that a list shows."""

    protocol: _Protocol
    search: _Search


class _Unfinished(Struct):
    """The trials of one study that are not ended, and their races."""

    rows: list[Row[Any]] = []
    states: list[TrialState] = []

    @property
    def trials(self) -> Counter[TrialState]:
        """How many trials are in each state."""
        both = zip(self.rows, self.states, strict=True)
        return Counter(state for row, state in both if row.number is not None)

    @property
    def workers(self) -> int:
        """How many workers learn them."""
        both = zip(self.rows, self.states, strict=True)
        return len({row.worker_id for row, state in both if state == "running"})

    @property
    def waits_for(self) -> str | None:
        """Why a trial that shall go on was given back, or why nobody has begun it."""
        reasons = (row.reason for row in self.rows if row.desired == "running" and row.reason)
        return next(reasons, None)

    @property
    def first_stage(self) -> str | None:
        """What people call the trial that learns the stage which all others go on from."""
        both = zip(self.rows, self.states, strict=True)
        at_it = (
            run_name(row.id, row.study_id, row.number, row.label)
            for row, state in both
            if state == "running" and row.number is not None and row.first_stage is not None
        )
        return next(at_it, None)


def list_studies(
    connection: Connection, now: float, climbs: Climbs, only: int | None = None
) -> tuple[StudyRow, ...]:
    """Return every study, oldest first, or only the one of an id.

    ``climbs`` keeps what need not be asked again.
    """
    ended = _ended_counts(connection, only)
    unfinished = _unfinished(connection, now)
    between = cache(lambda: _workers_between_runs(connection, now))
    query = select(study).where(study.c.deleted_at.is_(None))
    query = query if only is None else query.where(study.c.id == only)
    rows = []
    for row in connection.execute(query.order_by(study.c.id)).all():
        counts, trials = ended[row.id], unfinished[row.id]
        spec = msgspec.json.decode(row.spec, type=_Spec)
        budget = spec.search.budget_epochs
        later = spec.search.searched_stages == "later"
        spending = (
            None
            if budget is None
            else spending_of(connection, row.id, budget, one_first_stage=later)
        )
        races = races_of(connection, row.id) if spec.search.racing == "on" else None
        told = [race for some in (races or {}).values() for race in some]
        counts -= Counter(race.state for race in told if race.state in ENDED)
        climb = climbs.of(connection, row.id, row.created_at, counts["complete"], races)
        over = spending is not None and spending.over
        begun = counts.total() + trials.trials.total()
        another = Counts(begun, counts["complete"], len(told), 0).allow_another and not over
        enough = (counts.total() >= row.trials or over) and not (climb.racing and another)
        state = _study_state(row, now, trials.states, enough=enough)
        eta = None
        if state == "running":
            workers = trials.workers + between()
            workers = max(1, min(workers, spec.search.in_order or workers))
            eta = _eta(connection, row, begun, trials, workers, spending=spending, races=races)
        rows.append(
            StudyRow(
                id=row.id,
                name=row.name,
                sequence=row.sequence,
                model=row.model,
                preset=spec.protocol.preset,
                score=spec.protocol.score,
                grouping=spec.protocol.grouping,
                retention_rows=spec.protocol.retention_rows,
                first_lr=spec.search.first_lr if later else None,
                origin=row.origin,
                state=state,
                desired=row.desired,
                reason=row.reason or (trials.waits_for if state == "queued" else None),
                waits_for=trials.waits_for,
                proposer_id=row.proposer_id if _proposes(row, now) else None,
                first_stage=trials.first_stage if later else None,
                in_order=spec.search.in_order,
                counts=dict(counts + trials.trials),
                target=row.trials,
                spending=spending,
                best=climb.best,
                climb=climb.steps,
                races=len(told),
                rate=steps_per_second(trials.rows, trials.states),
                tokens_rate=tokens_per_second(trials.rows, trials.states),
                eta=eta,
                created_at=row.created_at,
                archived=row.archived_at is not None,
                note=row.note,
            )
        )
    return tuple(rows)


def _unfinished(connection: Connection, now: float) -> defaultdict[int, _Unfinished]:
    by_study: defaultdict[int, _Unfinished] = defaultdict(_Unfinished)
    for row in unfinished_trials(connection):
        by_study[row.study_id].rows.append(row)
        by_study[row.study_id].states.append(state_of(row, now))
    return by_study


def _workers_between_runs(connection: Connection, now: float) -> int:
    """Return how many living workers have no run just now: most of them are about to have one."""
    rest = worker.c.run_id.is_(None) & (worker.c.desired == "running")
    lives = worker.c.ended_at.is_(None) & worker.c.heartbeat_at.between(
        now - LOST_AFTER, now + LOST_AFTER
    )
    return connection.execute(
        select(func.count()).select_from(worker).where(rest, lives)
    ).scalar_one()


def _ended_counts(
    connection: Connection, only: int | None
) -> defaultdict[int, Counter[TrialState]]:
    query = select(tally).where(tally.c.state.in_(ENDED))
    query = query if only is None else query.where(tally.c.study_id == only)
    counts: defaultdict[int, Counter[TrialState]] = defaultdict(Counter)
    for row in connection.execute(query):
        counts[row.study_id][row.state] = row.trials + row.races
    return counts


def _study_state(
    row: Row[Any], now: float, unfinished: Sequence[TrialState], *, enough: bool
) -> StudyState:
    how = how_it_ended(
        origin=row.origin,
        desired=row.desired,
        reason=row.reason,
        enough=enough,
        unfinished=bool(unfinished),
        at_work="running" in unfinished,
    )
    if how is not None:
        return "paused" if how == "set aside" else how
    if row.desired != "running":
        return "running" if "running" in unfinished else "paused"
    for state in _HELD:
        if state in unfinished:
            return state
    return "running" if _proposes(row, now) else "queued"


def _proposes(row: Row[Any], now: float) -> bool:
    """Whether a worker asks the study's sampler for a trial."""
    return row.proposer_until is not None and row.proposer_until > now


def _eta(
    connection: Connection,
    row: Row[Any],
    begun: int,
    unfinished: _Unfinished,
    workers: int,
    *,
    spending: Spending | None,
    races: Races | None,
) -> float | None:
    seconds = _seconds_per_trial(connection, row.id, unfinished, workers)
    if seconds is None:
        return None
    left: float = sum(
        1.0 - item.step / item.steps if item.steps else 1.0 for item in unfinished.rows
    )
    unborn: int = max(0, row.trials - begun)
    raced = 0 if races is None else sum(map(len, races.values()))
    if races is not None and row.trials >= FEWEST:
        unborn += max(0, row.trials // TRIALS_PER_RACE - raced)
    if spending is not None:
        # As many more as the budget allows at what runs took so far.
        taken = begun + raced - left
        if spending.spent:
            allowed = taken * (spending.budget / spending.spent - 1) - left
            unborn = min(unborn, max(0, math.ceil(allowed)))
    return seconds * (left + unborn)


def _seconds_per_trial(
    connection: Connection, study_id: int, unfinished: _Unfinished, workers: int
) -> float | None:
    """Return after how long there is one more, by those that ended lately, or that run."""
    recent = (
        select(run.c.busy_seconds)
        .where(run.c.study_id == study_id, run.c.state.in_(ENDED), run.c.busy_seconds > 0)
        .order_by(run.c.id.desc())
        .limit(_RECENT)
        .subquery()
    )
    mean = connection.execute(select(func.avg(recent.c.busy_seconds))).scalar()
    if mean is not None:
        # Each had a share of its worker's time, however many were learnt at once.
        return float(mean) / workers
    paces = [item for item in unfinished.rows if item.steps and item.rate]
    seconds = [float(item.steps / item.rate) for item in paces]
    at_once = max(1, unfinished.trials["running"] + workers - unfinished.workers)
    return sum(seconds) / len(seconds) / at_once if seconds else None


def any_deleted(connection: Connection) -> bool:
    """Whether studies were deleted, and not yet for good."""
    query = select(study.c.id).where(study.c.deleted_at.is_not(None)).limit(1)
    return connection.execute(query).first() is not None
