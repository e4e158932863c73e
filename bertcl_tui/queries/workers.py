"""Who works, on what, and how hard; and what was said."""

from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from bertcl_tui.rows import LogLine, WorkerRow
from engine.store.schema import log, run, study, worker
from engine.store.states import LOST_AFTER
from engine.store.workers import WorkerIdentity
from engine.work.processes import is_alive


def list_workers(connection: Connection, now: float) -> tuple[WorkerRow, ...]:
    """Return the workers that have not said that they ended, oldest first."""
    query = (
        select(
            worker,
            run.c.number,
            run.c.label,
            run.c.sequence,
            run.c.step,
            run.c.steps,
            run.c.rate,
            run.c.tokens_rate,
            study.c.name,
        )
        .outerjoin_from(worker, run, run.c.id == worker.c.run_id)
        .outerjoin(study, study.c.id == run.c.study_id)
        .where(worker.c.ended_at.is_(None))
        .order_by(worker.c.id)
    )
    return tuple(_worker_row(row, now) for row in connection.execute(query))


def log_tail(
    connection: Connection, *, limit: int, run_id: int | None = None
) -> tuple[LogLine, ...]:
    """Return the last lines said, oldest first, by all or about one run."""
    query = select(log).order_by(log.c.id.desc()).limit(limit)
    if run_id is not None:
        query = query.where(log.c.run_id == run_id)
    lines = [
        LogLine(
            id=row.id,
            at=row.at,
            level=row.level,
            worker_id=row.worker_id,
            run_id=row.run_id,
            text=row.text,
        )
        for row in connection.execute(query)
    ]
    return tuple(reversed(lines))


def _worker_row(row: Row[Any], now: float) -> WorkerRow:
    return WorkerRow(
        id=row.id,
        host=row.host,
        pid=row.pid,
        device=row.device,
        threads=row.threads,
        state=_worker_state(row, now),
        study=row.name,
        sequence=row.sequence,
        label=row.label,
        run_id=row.run_id,
        number=row.number,
        step=row.step,
        steps=row.steps,
        rate=row.rate,
        tokens_rate=row.tokens_rate,
        cpu_percent=row.cpu_percent,
        memory_bytes=row.memory_bytes,
        gpu_percent=row.gpu_percent,
        gpu_memory_bytes=row.gpu_memory_bytes,
        log_file=row.log,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
    )


def _worker_state(row: Row[Any], now: float) -> Literal["running", "idle", "paused", "lost"]:
    identity = WorkerIdentity(host=row.host, pid=row.pid, process_start=row.process_start)
    if row.heartbeat_at < now - LOST_AFTER or not is_alive(identity):
        return "lost"
    if row.run_id is not None:
        return "running"
    return "paused" if row.desired == "paused" else "idle"
