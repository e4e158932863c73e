"""What was said: a window of it, what comes after it, and where something stands in it."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from bertcl_tui.store.rows import LogFilter, LogLine, LogWindow, Towards
from engine.store.schema import log, run, worker

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
