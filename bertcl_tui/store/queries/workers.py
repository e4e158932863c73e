"""Who works, on what, and how hard."""

from typing import Any

from sqlalchemy import Connection, Row, select

from bertcl_tui.store.rows import WorkerRow, WorkerState
from engine.store.schema import run, study, worker
from engine.store.states import STALLED_AFTER
from engine.store.workers import WorkerIdentity
from engine.work.supervisor import is_lost


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
            run.c.progress_at,
            study.c.id.label("study_id"),
            study.c.name,
        )
        .outerjoin_from(worker, run, run.c.id == worker.c.run_id)
        .outerjoin(study, study.c.id == run.c.study_id)
        .where(worker.c.ended_at.is_(None))
        .order_by(worker.c.id)
    )
    return tuple(_worker_row(row, now) for row in connection.execute(query))


def _worker_row(row: Row[Any], now: float) -> WorkerRow:
    return WorkerRow(
        id=row.id,
        host=row.host,
        pid=row.pid,
        device=row.device,
        threads=row.threads,
        state=_worker_state(row, now),
        desired=row.desired,
        study_id=row.study_id,
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


def _worker_state(row: Row[Any], now: float) -> WorkerState:
    identity = WorkerIdentity(host=row.host, pid=row.pid, process_start=row.process_start)
    has_heartbeat = row.cpu_percent is not None
    if is_lost(identity, heartbeat_at=row.heartbeat_at, has_heartbeat=has_heartbeat, now=now):
        return "lost"
    if row.run_id is not None:
        return "stalled" if (row.progress_at or now) < now - STALLED_AFTER else "running"
    return "paused" if row.desired == "paused" else "idle"
