"""Runs that no living worker holds."""

from sqlalchemy import ColumnElement, Connection, or_, update

from engine.store.schema import run
from engine.store.states import LOST_AFTER


def unheld(now: float) -> ColumnElement[bool]:
    """Return the condition under which a run has no living holder and is not ended."""
    waiting = run.c.state.in_(("queued", "paused")) & run.c.worker_id.is_(None)
    return or_(waiting, lost(now))


def lost(now: float) -> ColumnElement[bool]:
    """Return the condition under which a run's holder has not been heard of for too long."""
    return (run.c.state == "running") & (run.c.heartbeat_at < now - LOST_AFTER)


def settle_orphaned(connection: Connection, now: float) -> None:
    """Do what is wanted of runs that have nobody to obey: stop them, or call lost ones paused."""
    stopped = unheld(now) & (run.c.desired == "stopped")
    connection.execute(
        update(run)
        .where(stopped)
        .values(state="stopped", worker_id=None, rate=None, tokens_rate=None, finished_at=now)
    )
    paused = lost(now) & (run.c.desired == "paused")
    connection.execute(
        update(run)
        .where(paused)
        .values(
            state="paused", worker_id=None, rate=None, tokens_rate=None, attempts=run.c.attempts + 1
        )
    )
