"""Studies with their counts, best trial so far, rate and expected end."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, func, select

from bertcl_tui.store.queries.climbs import Climb, Climbs, Races
from bertcl_tui.store.queries.runs import (
    state_of,
    steps_per_second,
    tokens_per_second,
    unfinished_trials,
)
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import StudyState, TrialState
from engine.spec import run_name
from engine.spec.protocol import Score
from engine.spec.search import Racing, Spending, Stages
from engine.store.endings import how_it_ended
from engine.store.racing import (
    FEWEST,
    TRIALS_PER_RACE,
    Counts,
    races_of,
)
from engine.store.schema import run, study, tally, worker
from engine.store.searches import spending_of
from engine.store.states import ENDED, LOST_AFTER

_HELD: Final[tuple[StudyState, ...]] = ("running", "stalled", "lost")
"""States of trials that a worker holds or held, the first of which is the study's."""
_RECENT = 20
"""Ended trials that say how long a trial takes."""


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

    @property
    def learns_one_first_stage(self) -> bool:
        """Whether rates are searched for later stages, and stage 1 is learnt once for all."""
        return self.searched_stages == "later"


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


class _Known(Struct):
    """What is asked for one study, of which its row is made."""

    row: Row[Any]
    spec: _Spec
    counts: Counter[TrialState]
    """Of ended trials."""
    unfinished: _Unfinished
    spending: Spending | None
    """None: it has no budget of epochs."""
    races: Races | None
    """None: its trials do not race."""
    climb: Climb

    @property
    def begun(self) -> int:
        """How many trials there are."""
        return self.counts.total() + self.unfinished.trials.total()

    @property
    def raced(self) -> int:
        """How many races there are."""
        return sum(map(len, (self.races or {}).values()))

    @property
    def has_enough(self) -> bool:
        """Whether nothing more is proposed, neither a trial nor a race."""
        over = self.spending is not None and self.spending.over
        another = Counts(self.begun, self.counts["complete"], self.raced, 0).allow_another
        to_race = self.climb.racing and another and not over
        return (self.counts.total() >= self.row.trials or over) and not to_race


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
        known = _ask_for_one(connection, row, ended[row.id], unfinished[row.id], climbs)
        state = _study_state(row, now, known.unfinished.states, enough=known.has_enough)
        eta = _eta(connection, known, between()) if state == "running" else None
        rows.append(_study_row(known, state, eta, proposes=_proposes(row, now)))
    return tuple(rows)


def _ask_for_one(
    connection: Connection,
    row: Row[Any],
    ended: Counter[TrialState],
    unfinished: _Unfinished,
    climbs: Climbs,
) -> _Known:
    """Return what there is to know of a study; ``ended`` counts its races too."""
    spec = msgspec.json.decode(row.spec, type=_Spec)
    races = races_of(connection, row.id) if spec.search.racing == "on" else None
    raced = (race for some in (races or {}).values() for race in some)
    counts = ended - Counter(race.state for race in raced if race.state in ENDED)
    budget, one_first_stage = spec.search.budget_epochs, spec.search.learns_one_first_stage
    return _Known(
        row=row,
        spec=spec,
        counts=counts,
        unfinished=unfinished,
        spending=(
            None
            if budget is None
            else spending_of(connection, row.id, budget, one_first_stage=one_first_stage)
        ),
        races=races,
        climb=climbs.of(connection, row.id, row.created_at, counts["complete"], races),
    )


def _study_row(known: _Known, state: StudyState, eta: float | None, *, proposes: bool) -> StudyRow:
    """Make the row of a study; ``proposes``: a worker asks its sampler for a trial."""
    row, spec, unfinished = known.row, known.spec, known.unfinished
    later = spec.search.learns_one_first_stage
    return StudyRow(
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
        reason=row.reason or (unfinished.waits_for if state == "queued" else None),
        waits_for=unfinished.waits_for,
        proposer_id=row.proposer_id if proposes else None,
        first_stage=unfinished.first_stage if later else None,
        in_order=spec.search.in_order,
        counts=dict(known.counts + unfinished.trials),
        target=row.trials,
        spending=known.spending,
        best=known.climb.best,
        climb=known.climb.steps,
        races=known.raced,
        rate=steps_per_second(unfinished.rows, unfinished.states),
        tokens_rate=tokens_per_second(unfinished.rows, unfinished.states),
        eta=eta,
        created_at=row.created_at,
        archived=row.archived_at is not None,
        note=row.note,
    )


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


def _eta(connection: Connection, known: _Known, between: int) -> float | None:
    """Return in how many seconds a running study ends; None: nothing tells.

    Args:
        connection: to the store.
        known: the study.
        between: how many living workers have no run just now.
    """
    row, unfinished = known.row, known.unfinished
    workers = unfinished.workers + between
    workers = max(1, min(workers, known.spec.search.in_order or workers))
    seconds = _seconds_per_trial(connection, row.id, unfinished, workers)
    if seconds is None:
        return None
    left: float = sum(
        1.0 - item.step / item.steps if item.steps else 1.0 for item in unfinished.rows
    )
    unborn: int = max(0, row.trials - known.begun)
    if known.races is not None and row.trials >= FEWEST:
        unborn += max(0, row.trials // TRIALS_PER_RACE - known.raced)
    spending = known.spending
    if spending is not None:
        # As many more as the budget allows at what runs took so far.
        taken = known.begun + known.raced - left
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
