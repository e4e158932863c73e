"""Workers, and the log: a window of it, what comes after, and where a line stands in it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from bertcl_tui.store.study_rows import (
    LogFilter,
    LogLine,
    LogWindow,
    Towards,
    WorkerRow,
    WorkerState,
)
from engine.spec import run_name
from engine.store.measurements import spent_in
from engine.store.schema import log, run, study, worker
from engine.store.states import STALLED_AFTER
from engine.store.workers import identity_in
from engine.work.supervisor import is_lost

Number = TypeVar("Number", int, float)

_LEVELS: Final = ("debug", "info", "warning", "error")


def log_window(
    connection: Connection, where: LogFilter, *, around: int | None, limit: int
) -> LogWindow:
    """Return lines, oldest first.

    Args:
        connection: to the store.
        where: which lines.
        around: id of a line in their midst; None: the last ones.
        limit: most lines.
    """
    fitting = _conditions(where)
    before_it = [] if around is None else [log.c.id < around]
    half = limit if around is None else limit // 2
    earlier = _lines().where(*fitting, *before_it).order_by(log.c.id.desc()).limit(half)
    lines = [_line(row) for row in connection.execute(earlier)][::-1]
    if around is not None:
        later = _lines().where(*fitting, log.c.id >= around).order_by(log.c.id)
        lines += [_line(row) for row in connection.execute(later.limit(limit - len(lines)))]
    total = _count(connection, fitting)
    if around is None or not lines:
        before = total - len(lines)
    else:
        before = _count(connection, fitting, log.c.id < lines[0].id)
    return LogWindow(lines=tuple(lines), before=before, total=total)


def lines_after(
    connection: Connection, where: LogFilter, after: int, *, limit: int
) -> tuple[LogLine, ...]:
    """Return the lines that were said after this one, oldest first."""
    query = _lines().where(*_conditions(where), log.c.id > after).order_by(log.c.id)
    return tuple(_line(row) for row in connection.execute(query.limit(limit)))


def find_line(
    connection: Connection,
    where: LogFilter,
    text: str,
    *,
    from_id: int | None,
    towards: Towards,
) -> int | None:
    """Return the id of the nearest other line that has this text; past the end, from the other one.

    Upper and lower case are the same.
    """
    hits = select(log.c.id).where(*_conditions(where), log.c.text.icontains(text, autoescape=True))
    ordered = hits.order_by(log.c.id if towards == "later" else log.c.id.desc()).limit(1)
    if from_id is not None:
        beyond = log.c.id > from_id if towards == "later" else log.c.id < from_id
        found: int | None = connection.execute(ordered.where(beyond)).scalar()
        if found is not None:
            return found
    return connection.execute(ordered).scalar()


def count_hits(connection: Connection, where: LogFilter, text: str) -> int:
    """Return how many lines have this text."""
    return _count(connection, _conditions(where), log.c.text.icontains(text, autoescape=True))


def _lines() -> Select[Any]:
    return (
        select(log, worker.c.pid, worker.c.host, worker.c.log, run.c.study_id, run.c.number)
        .outerjoin_from(log, worker, worker.c.id == log.c.worker_id)
        .outerjoin(run, run.c.id == log.c.run_id)
    )


def _conditions(where: LogFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.least != _LEVELS[0]:
        conditions.append(log.c.level.in_(_LEVELS[_LEVELS.index(where.least) :]))
    if where.worker_id is not None:
        conditions.append(log.c.worker_id == where.worker_id)
    if where.pid is not None:
        conditions.append(log.c.worker_id.in_(select(worker.c.id).where(worker.c.pid == where.pid)))
    if where.run_id is not None:
        conditions.append(log.c.run_id == where.run_id)
    if where.study_id is not None:
        runs = select(run.c.id).where(run.c.study_id == where.study_id)
        conditions.append(log.c.run_id.in_(runs))
    if where.text:
        conditions.append(log.c.text.icontains(where.text, autoescape=True))
    return conditions


def _count(connection: Connection, fitting: list[ColumnElement[bool]], *more: Any) -> int:  # noqa: ANN401 - a condition
    query = select(func.count()).select_from(log).where(*fitting, *more)
    return int(connection.execute(query).scalar_one())


def _line(row: Row[Any]) -> LogLine:
    return LogLine(
        id=row.id,
        at=row.at,
        level=row.level,
        worker_id=row.worker_id,
        run_id=row.run_id,
        text=row.text,
        pid=row.pid,
        host=row.host,
        log_file=row.log,
        study_id=row.study_id,
        number=row.number,
    )


def list_workers(connection: Connection, now: float) -> tuple[WorkerRow, ...]:
    """Return the workers that have not said that they ended, oldest first."""
    query = (
        select(
            worker,
            run.c.number,
            run.c.label,
            run.c.sequence,
            run.c.progress_at,
            study.c.id.label("study_id"),
            study.c.name,
        )
        .outerjoin_from(worker, run, run.c.id == worker.c.run_id)
        .outerjoin(study, study.c.id == run.c.study_id)
        .where(worker.c.ended_at.is_(None))
        .order_by(worker.c.id)
    )
    held = _held(connection)
    return tuple(_worker_row(row, held[row.id], now) for row in connection.execute(query))


def _held(connection: Connection) -> defaultdict[int, list[Row[Any]]]:
    """Return the runs of each worker, oldest first."""
    query = select(run).where(run.c.state == "running", run.c.worker_id.is_not(None))
    by_worker: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query.order_by(run.c.id)):
        by_worker[row.worker_id].append(row)
    return by_worker


def _worker_row(row: Row[Any], held: Sequence[Row[Any]], now: float) -> WorkerRow:
    # Only trials of one study are learnt at once.
    held = [each for each in held if each.study_id == row.study_id]
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
        names=tuple(run_name(each.id, each.study_id, each.number, each.label) for each in held),
        step=_sum(each.step for each in held),
        steps=_sum(each.steps for each in held),
        rate=_sum(each.rate for each in held),
        tokens_rate=_sum(each.tokens_rate for each in held),
        spent=tuple(filter(None, map(spent_in, held))),
        cpu_percent=row.cpu_percent,
        memory_bytes=row.memory_bytes,
        gpu_percent=row.gpu_percent,
        gpu_memory_bytes=row.gpu_memory_bytes,
        waits_for=row.waits_for,
        log_file=row.log,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
    )


def _sum(values: Iterable[Number | None]) -> Number | None:
    """Return the sum of what is known; None: nothing is."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


def _worker_state(row: Row[Any], now: float) -> WorkerState:
    identity = identity_in(row)
    has_heartbeat = row.cpu_percent is not None
    if is_lost(identity, silent=now - row.heartbeat_at, has_heartbeat=has_heartbeat):
        return "lost"
    if row.run_id is not None:
        return "stalled" if (row.progress_at or now) < now - STALLED_AFTER else "running"
    return "paused" if row.desired == "paused" else "idle"
