"""Runs: those not ended, each with its state at a moment; and one in full, with its curves."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from bertcl_tui.store.queries.conditions import confirmations, seeds_of
from bertcl_tui.store.queries.seeds import other_seeds
from bertcl_tui.store.trial_rows import (
    Curve,
    RunCurves,
    RunFacts,
    RunRow,
    Stage,
    TrialState,
)
from engine.learning.measures import Probes
from engine.spec import RunSpec
from engine.spec.protocol import Score
from engine.store.confusions import ConfusionRecord, confusions_of
from engine.store.connection import Store
from engine.store.measurements import (
    DriftRecord,
    StageEnds,
    drift_of,
    probes_of,
    spent_in,
    stage_ends,
)
from engine.store.racing import races_of
from engine.store.schema import measurement, run, scored, stage, study, worker
from engine.store.states import LOST_AFTER, STALLED_AFTER, UNFINISHED
from engine.store.traces import TraceRecord, traces_of
from engine.store.workers import identity_in
from engine.work.processes import is_alive

_RATES: Final = msgspec.json.Decoder(tuple[float, ...])


def with_holder(columns: Iterable[ColumnElement[Any]] = run.c) -> Select[Any]:
    """Return a query of runs, or columns of them, together with the worker that holds each."""
    return select(
        *columns,
        worker.c.host,
        worker.c.pid,
        worker.c.process_start,
        worker.c.process,
        worker.c.ended_at,
    ).outerjoin_from(run, worker, worker.c.id == run.c.worker_id)


def unfinished_trials(connection: Connection) -> list[Row[Any]]:
    """Return the trials of all studies that are not ended, and their races, oldest first."""
    query = with_holder().where(run.c.state.in_(UNFINISHED), run.c.study_id.is_not(None))
    return list(connection.execute(query.order_by(run.c.id)))


def unfinished_runs(connection: Connection, now: float) -> tuple[RunRow, ...]:
    """Return the runs that no study asked for and that are not ended, oldest first."""
    query = with_holder().where(run.c.state.in_(UNFINISHED), run.c.study_id.is_(None))
    return tuple(
        RunRow(
            run_id=row.id,
            state=state_of(row, now),
            desired=row.desired,
            step=row.step,
            steps=row.steps,
            rate=row.rate,
            tokens_rate=row.tokens_rate,
            reason=row.reason,
        )
        for row in connection.execute(query.order_by(run.c.id))
    )


def arena_counts(connection: Connection) -> dict[TrialState, int]:
    """Return how many runs that no study asked for are in each state, as they were left."""
    query = select(run.c.state, func.count()).where(run.c.study_id.is_(None)).group_by(run.c.state)
    return dict(connection.execute(query).all())


def worked_seconds(connection: Connection) -> dict[int, float]:
    """Return how long workers were at the runs of each study that they have let go of, by study."""
    query = select(run.c.study_id, func.sum(run.c.busy_seconds))
    rows = connection.execute(query.where(run.c.study_id.is_not(None)).group_by(run.c.study_id))
    return {study_id: float(seconds) for study_id, seconds in rows}


def state_of(row: Row[Any], now: float) -> TrialState:
    """Return the state of a run, given its row with its holder's columns."""
    if row.state == "paused" and row.desired == "running":
        return "queued"  # given back by a worker that had to end
    if row.state != "running":
        state: TrialState = row.state
        return state
    if abs(now - (row.heartbeat_at or 0.0)) > LOST_AFTER or _holder_gone(row):
        return "lost"
    if (row.progress_at or now) < now - STALLED_AFTER:
        return "stalled"
    return "running"


def _holder_gone(row: Row[Any]) -> bool:
    if row.pid is None or row.ended_at is not None:
        return True
    return not is_alive(identity_in(row))


def steps_per_second(rows: Iterable[Row[Any]], states: Iterable[TrialState]) -> float | None:
    """Return the rate of the running ones together; None where none says it."""
    return _together(row.rate for row in _running(rows, states))


def tokens_per_second(rows: Iterable[Row[Any]], states: Iterable[TrialState]) -> float | None:
    """Return the tokens' rate of the running ones together; None where none says it."""
    return _together(row.tokens_rate for row in _running(rows, states))


def _running(rows: Iterable[Row[Any]], states: Iterable[TrialState]) -> Iterator[Row[Any]]:
    return (row for row, state in zip(rows, states, strict=True) if state == "running")


def _together(rates: Iterable[float | None]) -> float | None:
    said = [rate for rate in rates if rate]
    return sum(said) if said else None


def read_rates(text: str | None) -> tuple[float, ...]:
    """Return one rate per choice; none where the run was given none."""
    return _RATES.decode(text) if text else ()


def run_facts(connection: Connection, run_id: int, now: float) -> RunFacts | None:
    """Return the run of that id, None where there is none."""
    followed = select(func.max(stage.c.followed)).where(stage.c.run_id == run_id)
    query = (
        select(
            run,
            followed.scalar_subquery().label("followed"),
            study.c.name,
            study.c.origin,
            worker.c.device,
            worker.c.host,
            worker.c.pid,
            worker.c.process_start,
            worker.c.process,
            worker.c.ended_at,
        )
        .outerjoin_from(run, worker, worker.c.id == run.c.worker_id)
        .outerjoin(study, study.c.id == run.c.study_id)
        .where(run.c.id == run_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    again, raced = None, None
    if row.study_id is not None:
        again = confirmations(connection, row.study_id).get(row.id)
        races = races_of(connection, row.study_id).get(row.id, ())
        raced = seeds_of((row.seed, row.p), races)
    return RunFacts(
        run_id=row.id,
        study_id=row.study_id,
        study=row.name,
        number=row.number,
        label=row.label,
        note=row.note,
        spec=msgspec.json.decode(row.spec, type=RunSpec),
        state=state_of(row, now),
        desired=row.desired,
        reason=row.reason,
        p=row.p,
        p_o=row.p_o,
        p_s=row.p_s,
        learning_rates=read_rates(row.learning_rates),
        step=row.step,
        steps=row.steps,
        rate=row.rate,
        tokens_rate=row.tokens_rate,
        busy_seconds=row.busy_seconds,
        spent=spent_in(row),
        threads=row.threads,
        holder=_holder(row),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        imported=row.origin not in (None, "search"),
        confirmation=again,
        raced=raced,
        followed=row.followed,
    )


def _holder(row: Row[Any]) -> str | None:
    return None if row.pid is None else f"{row.device} · process {row.pid} on {row.host}"


class _Protocol(Struct):
    score: Score = "accuracy"


class _Scored(Struct):
    """The part of a run's specification that says what p is made of."""

    protocol: _Protocol


class _Points(Struct):
    """What was measured of one task of a run."""

    steps: list[int] = []
    scores: list[float] = []
    ends: list[tuple[int, float]] = []


def curves(connection: Connection, run_ids: Collection[int]) -> tuple[RunCurves, ...]:
    """Return the retention curves of these runs, by run and task."""
    stages = _stages(connection, run_ids)
    points = _points(connection, run_ids)
    own = run.c
    query = select(own.id, own.number, own.spec).where(own.id.in_(run_ids)).order_by(own.id)
    return tuple(
        RunCurves(
            run_id=run_id,
            number=number,
            stages=tuple(stages.get(run_id, ())),
            curves=tuple(
                Curve(
                    task=task,
                    steps=tuple(found.steps),
                    accuracies=tuple(found.scores),
                    ends=tuple(found.ends),
                )
                for task, found in sorted(points.get(run_id, {}).items())
            ),
            score=msgspec.json.decode(spec, type=_Scored).protocol.score,
        )
        for run_id, number, spec in connection.execute(query)
    )


def _stages(connection: Connection, run_ids: Collection[int]) -> dict[int, list[Stage]]:
    query = select(stage).where(stage.c.run_id.in_(run_ids)).order_by(stage.c.stage)
    by_run: dict[int, list[Stage]] = defaultdict(list)
    for row in connection.execute(query):
        by_run[row.run_id].append(
            Stage(
                task=row.task,
                first_step=row.first_step,
                last_step=row.last_step,
                followed=row.followed,
            )
        )
    return by_run


def _points(connection: Connection, run_ids: Collection[int]) -> dict[int, dict[int, _Points]]:
    """Return the points by run and task."""
    own = measurement.c
    query = (
        select(own.run_id, own.task, own.step, own.split, scored())
        .where(own.run_id.in_(run_ids), own.split.in_(("retention", "search")))
        .order_by(own.step, own.split)
    )
    by_run: dict[int, dict[int, _Points]] = defaultdict(dict)
    for run_id, task, step, split, score in connection.execute(query):
        if split == "retention":
            points = by_run[run_id].setdefault(task, _Points())
            points.steps.append(step)
            points.scores.append(score)
        elif (known := by_run[run_id].get(task)) and known.steps[-1] == step:
            known.ends.append((step, score))  # of an imported run that is all there is: no curve
    return by_run


class RunMeasures(Struct, frozen=True, kw_only=True):
    """All of it; nothing, where nothing was measured."""

    ends: StageEnds = {}
    """What it was worth at the end of each stage, by split."""
    probes: Probes = {}
    """What linear probes found of its tasks at the ends of stages."""
    drifts: tuple[DriftRecord, ...] = ()
    """How far its layers had moved by the ends of stages."""
    traces: tuple[TraceRecord, ...] = ()
    """What single steps did."""
    other_seeds: tuple[RunCurves, ...] = ()
    """The curves of complete runs that differ from it by their seed alone."""
    confusions: tuple[ConfusionRecord, ...] = ()
    """What rows of its tasks were taken for at the ends of stages."""


def probed(store: Store, run_id: int) -> RunMeasures:
    """Return what probes found of a run, and what it was worth then; nothing without probes."""
    probes = probes_of(store, [run_id]).get(run_id, {})
    ends = stage_ends(store, [run_id]).get(run_id, {}) if probes else {}
    return RunMeasures(ends=ends, probes=probes)


def measures(store: Store, run_id: int) -> RunMeasures:
    """Return what was measured of a run."""
    with store.reading() as connection:
        others = curves(connection, other_seeds(connection, run_id))
    return RunMeasures(
        ends=stage_ends(store, [run_id]).get(run_id, {}),
        probes=probes_of(store, [run_id]).get(run_id, {}),
        drifts=tuple(drift_of(store, run_id)),
        traces=tuple(traces_of(store, run_id)),
        other_seeds=others,
        confusions=tuple(confusions_of(store, run_id)),
    )
