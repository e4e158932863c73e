"""Verbs for the one worker that holds a run. Every write names its holder: a late one is refused.

A run is *lost* when its holder's heartbeat is older than ``LOST_AFTER``; any worker may then claim
it and go on from its last checkpoint.
"""

import time
from collections.abc import Sequence

from sqlalchemy import Connection, case, select, update

from engine.errors import EngineError
from engine.store.connection import Store
from engine.store.orphaned import settle_orphaned, unheld
from engine.store.runs import RunRecord, Scores, rates_json, record
from engine.store.schema import run, worker
from engine.store.states import Desired, RunState


class LeaseLostError(EngineError):
    """Another worker holds the run now; what this one measured since is not wanted."""


def claim_run(store: Store, worker_id: int, *, threads: int) -> RunRecord | None:
    """Take a run that may be worked on: begun ones first, then the oldest queued one."""
    now = time.time()
    begun_first = case((run.c.state == "queued", 1), else_=0)
    query = (
        select(run)
        .where(run.c.desired == "running", unheld(now))
        .order_by(begun_first, run.c.id)
        .limit(1)
    )
    with store.writing() as connection:
        settle_orphaned(connection, now)
        row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        connection.execute(
            update(run)
            .where(run.c.id == row.id)
            .values(
                state="running",
                worker_id=worker_id,
                heartbeat_at=now,
                progress_at=now,
                attempts=row.attempts + (row.state == "running"),
                threads=row.threads or threads,
                started_at=row.started_at or now,
                reason=None,
            )
        )
        _set_worker_run(connection, worker_id, row.id)
        return record(connection.execute(select(run).where(run.c.id == row.id)).mappings().one())


def beat_for_run(store: Store, run_id: int, worker_id: int) -> None:
    """Say that the holder lives.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    with store.writing() as connection:
        hold(connection, run_id, worker_id, heartbeat_at=time.time())


def desired_of(store: Store, run_id: int, worker_id: int) -> Desired:
    """Return what is wanted of a held run; paused too where its worker is to rest or to end.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    query = (
        select(run.c.desired, worker.c.desired.label("of_worker"))
        .outerjoin_from(run, worker, worker.c.id == run.c.worker_id)
        .where(run.c.id == run_id, run.c.worker_id == worker_id)
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise LeaseLostError(f"run {run_id} is held by another worker")
    desired: Desired = row.desired
    return "paused" if desired == "running" and row.of_worker != "running" else desired


def release_run(
    store: Store, run_id: int, worker_id: int, *, state: RunState, busy_seconds: float
) -> None:
    """Give an unfinished run back, ``paused`` or ``queued``."""
    with store.writing() as connection:
        hold(
            connection,
            run_id,
            worker_id,
            state=state,
            worker_id=None,
            rate=None,
            tokens_rate=None,
            busy_seconds=run.c.busy_seconds + busy_seconds,
        )
        _set_worker_run(connection, worker_id, None)


def finish_run(
    store: Store,
    run_id: int,
    worker_id: int,
    *,
    state: RunState,
    reason: str | None = None,
    scores: Scores | None = None,
    reported: Scores | None = None,
    busy_seconds: float = 0.0,
) -> None:
    """End a held run, with what it scored.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    with store.writing() as connection:
        hold(
            connection,
            run_id,
            worker_id,
            state=state,
            reason=reason,
            worker_id=None,
            rate=None,
            tokens_rate=None,
            finished_at=time.time(),
            busy_seconds=run.c.busy_seconds + busy_seconds,
            **_score_columns("", scores),
            **_score_columns("reported_", reported),
        )
        _set_worker_run(connection, worker_id, None)


def hold(connection: Connection, run_id: int, holder: int, **values: object) -> None:
    """Update a held run inside the caller's transaction.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    mine = (run.c.id == run_id) & (run.c.worker_id == holder)
    if connection.execute(update(run).where(mine).values(values)).rowcount != 1:
        raise LeaseLostError(f"run {run_id} is held by another worker")


def note_checkpoint(store: Store, run_id: int, worker_id: int) -> None:
    """Remember that a held run got on: workers lost before this do not count against it."""
    with store.writing() as connection:
        hold(connection, run_id, worker_id, attempts=0)


def note_learning_rates(store: Store, run_id: int, worker_id: int, rates: Sequence[float]) -> None:
    """Remember the rates with which a held run's method learns, one per choice."""
    with store.writing() as connection:
        hold(connection, run_id, worker_id, learning_rates=rates_json(rates))


def _score_columns(prefix: str, scores: Scores | None) -> dict[str, float]:
    if scores is None:
        return {}
    return {
        f"{prefix}p": scores.p,
        f"{prefix}p_o": scores.p_o,
        f"{prefix}p_s": scores.p_s,
    }


def _set_worker_run(connection: Connection, worker_id: int, run_id: int | None) -> None:
    connection.execute(update(worker).where(worker.c.id == worker_id).values(run_id=run_id))
