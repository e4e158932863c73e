"""Runs that are not ended, and their state at a moment: running, stalled or lost."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from bertcl_tui.store.trial_rows import RunRow, TrialState
from engine.store.schema import run, worker
from engine.store.states import LOST_AFTER, STALLED_AFTER, UNFINISHED
from engine.store.workers import identity_in
from engine.work.processes import is_alive


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
    """Return the trials of all studies that are not ended, oldest first."""
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
        )
        for row in connection.execute(query.order_by(run.c.id))
    )


def arena_counts(connection: Connection) -> dict[TrialState, int]:
    """Return how many runs that no study asked for are in each state, as they were left."""
    query = select(run.c.state, func.count()).where(run.c.study_id.is_(None)).group_by(run.c.state)
    return dict(connection.execute(query).all())


def state_of(row: Row[Any], now: float) -> TrialState:
    """Return the state of a run, given its row with its holder's columns."""
    if row.state == "paused" and row.desired == "running":
        return "queued"  # given back by a worker that had to end
    if row.state != "running":
        state: TrialState = row.state
        return state
    if (row.heartbeat_at or 0.0) < now - LOST_AFTER or _holder_gone(row):
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
