"""What runs took: how long each was at work, at what, and on which machine."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from engine.spec import RunSpec, sequence_name
from engine.store.connection import Store
from engine.store.schema import log, run, stage, study, worker

_MOST: Final = 200
"""The newest runs of a kind that are looked at."""


class WorkTime(Struct, frozen=True, kw_only=True):
    """When a run was at work, in seconds."""

    busy: float
    measuring: float
    """Of it, on rows that are measured."""
    started: float
    finished: float


class TimedStage(Struct, frozen=True, kw_only=True):
    """A stage of a run that is over."""

    task: str
    steps: int
    epochs: int | None
    """None: not known."""


class TimedRun(Struct, frozen=True, kw_only=True):
    """A run that came to its end, and what it took, in seconds."""

    spec: RunSpec
    host: str | None
    """The machine that ended it; None: the store does not say any more."""
    learning: float
    measuring: float
    waiting: float
    """Loading, preparing, writing checkpoints: all else."""
    stages: tuple[TimedStage, ...]


def work_times(store: Store, run_ids: Collection[int]) -> list[WorkTime]:
    """Return when those of these runs that are complete were at work, as far as that is known."""
    columns = (run.c.busy_seconds, run.c.measuring_seconds, run.c.started_at, run.c.finished_at)
    query = select(*columns).where(run.c.id.in_(run_ids), run.c.state == "complete")
    with store.reading() as connection:
        rows = connection.execute(query.where(run.c.busy_seconds > 0)).all()
    return [
        WorkTime(
            busy=row.busy_seconds,
            measuring=row.measuring_seconds or 0.0,
            started=row.started_at,
            finished=row.finished_at,
        )
        for row in rows
        if row.started_at is not None and row.finished_at is not None
    ]


def timed_runs(
    store: Store, model: str, sequences: Iterable[tuple[str, ...]]
) -> tuple[TimedRun, ...]:
    """Return what complete runs took: the newest on these sequences, with this model, and of all.

    Args:
        store: whose runs.
        model: as a study says it.
        sequences: each asked for by itself.
    """
    names = [sequence_name(sequence) for sequence in sequences]
    with_model = select(study.c.id).where(study.c.model == model)
    queries = [
        *(_newest(run.c.sequence == name) for name in dict.fromkeys(names)),
        _newest(run.c.study_id.in_(with_model)),
        _newest(),
    ]
    with store.reading() as connection:
        found = {row.id: row for query in queries for row in connection.execute(query)}
        stages, hosts = _stages(connection, found), _hosts(connection, found)
    return tuple(
        TimedRun(
            spec=msgspec.json.decode(row.spec, type=RunSpec),
            host=hosts.get(row.id),
            stages=stages[row.id],
            **_parts(row),
        )
        for row in found.values()
        if stages[row.id]
    )


def _newest(*conditions: ColumnElement[bool]) -> Select[Any]:
    query = select(
        run.c.id,
        run.c.spec,
        run.c.busy_seconds,
        run.c.learning_seconds,
        run.c.measuring_seconds,
        run.c.waiting_seconds,
    )
    query = query.where(run.c.state == "complete", run.c.busy_seconds > 0, *conditions)
    return query.order_by(run.c.id.desc()).limit(_MOST)


def _parts(row: Row[Any]) -> dict[str, float]:
    if row.learning_seconds is None:
        return {"learning": row.busy_seconds, "measuring": 0.0, "waiting": 0.0}
    return {
        "learning": row.learning_seconds,
        "measuring": row.measuring_seconds or 0.0,
        "waiting": max(0.0, row.waiting_seconds or 0.0),
    }


def _stages(
    connection: Connection, runs: Collection[int]
) -> defaultdict[int, tuple[TimedStage, ...]]:
    query = select(stage).where(stage.c.run_id.in_(runs)).order_by(stage.c.run_id, stage.c.stage)
    found: defaultdict[int, tuple[TimedStage, ...]] = defaultdict(tuple)
    for row in connection.execute(query):
        steps = row.last_step - row.first_step
        found[row.run_id] += (TimedStage(task=row.task, steps=steps, epochs=row.epochs),)
    return found


def _hosts(connection: Connection, runs: Collection[int]) -> dict[int, str]:
    """Return where each run was at work last, as far as the log still says it."""
    last = (
        select(func.max(log.c.id))
        .where(log.c.run_id.in_(runs), log.c.worker_id.is_not(None))
        .group_by(log.c.run_id)
    )
    query = select(log.c.run_id, worker.c.host).join(worker, worker.c.id == log.c.worker_id)
    rows = connection.execute(query.where(log.c.id.in_(last)))
    return {row.run_id: row.host for row in rows}
