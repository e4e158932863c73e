"""Workers: registering, controlling and ending them, and the log of what they say."""

from collections.abc import Collection, Sequence
from typing import Any, Final, Literal, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    union_all,
    update,
)

from engine.errors import UsageError, shown
from engine.store.clock import now
from engine.store.connection import Store
from engine.store.leases import device_asked, unheld
from engine.store.run_states import orphan_runs
from engine.store.schema import log, run, worker
from engine.store.states import UNFINISHED, Desired

SAME_START = 1.0
"""Seconds by which the start of one process may differ between two readings."""
_MOST_LINES_OF_A_RUN: Final = 500
_MOST_LINES_WITHOUT_RUN: Final = 10_000
_MOST_LINES: Final = 500_000

_LINES_AT_ONCE: Final = 5000
_WORKERS_AT_ONCE: Final = 500

Level = Literal["debug", "info", "warning", "error"]


class Lines(NamedTuple):
    """Some of the log."""

    number: int
    letters: int


class WorkerIdentity(Struct, frozen=True, kw_only=True):
    """Which process a worker is: a pid alone may be reused."""

    host: str
    pid: int
    process_start: float
    """By the clock, so that it moves when the clock is set."""
    process: str = ""
    """Names it for good, among the processes of all machines; empty: there is no such name."""


def is_same_process(one: WorkerIdentity, other: WorkerIdentity) -> bool:
    """Whether two readings of one pid are of one process."""
    if one.process and other.process:
        return one.process == other.process
    return abs(one.process_start - other.process_start) < SAME_START


class WorkerRecord(Struct, frozen=True, kw_only=True):
    """A worker that has not said that it ended."""

    id: int
    identity: WorkerIdentity
    device: str
    threads: int
    desired: Desired
    run_id: int | None
    silent: float
    """Seconds since its last heartbeat; below 0 where the clock was set back since."""
    has_heartbeat: bool
    """Whether it has sent a heartbeat since it was started."""
    log_file: str | None
    """Path on its host."""


class Telemetry(Struct, frozen=True, kw_only=True):
    """What a worker's process and device are doing."""

    cpu_percent: float | None = None
    memory_bytes: int | None = None
    gpu_percent: float | None = None
    gpu_memory_bytes: int | None = None
    waits_for: str | None = None
    """The trouble that keeps it from going on; None: none does."""


def register_worker(
    store: Store, identity: WorkerIdentity, *, device: str, threads: int, log_file: str | None
) -> int:
    """Remember a worker and return its id; a process that stands there already keeps its own.

    Both the worker and whoever started it call this, so that neither waits for the other.
    """
    is_so_named = worker.c.process == identity.process
    is_unnamed = worker.c.process.is_(None) if identity.process else true()
    began_then = func.abs(worker.c.process_start - identity.process_start) < SAME_START
    same = (
        (worker.c.host == identity.host)
        & (worker.c.pid == identity.pid)
        & (is_so_named | (is_unnamed & began_then))
    )
    with store.writing() as connection:
        known = connection.execute(select(worker.c.id).where(same)).scalar_one_or_none()
        if known is not None:
            if log_file is not None:
                named = update(worker).where(worker.c.id == known).values(log=log_file)
                connection.execute(named)
            return int(known)
        result = connection.execute(
            insert(worker)
            .values(
                host=identity.host,
                pid=identity.pid,
                process_start=identity.process_start,
                process=identity.process or None,
                device=device,
                threads=threads,
                desired="running",
                log=log_file,
                started_at=now(),
                heartbeat_at=now(),
            )
            .returning(worker.c.id)
        )
        return int(result.scalar_one())


def work_again(store: Store, worker_id: int) -> None:
    """Let a process that has ended as a worker, and lives, be one once more."""
    over = (worker.c.id == worker_id) & worker.c.ended_at.is_not(None)
    anew = {"ended_at": None, "desired": "running", "started_at": now(), "heartbeat_at": now()}
    with store.writing() as connection:
        connection.execute(update(worker).where(over).values(anew))


def name_device(store: Store, worker_id: int, device: str) -> None:
    """Remember which device stands behind a worker's ``auto``."""
    with store.writing() as connection:
        connection.execute(update(worker).where(worker.c.id == worker_id).values(device=device))


def beat_for_worker(store: Store, worker_id: int, telemetry: Telemetry) -> None:
    """Say that the worker lives and how it does."""
    with store.writing(alone=False) as connection:
        connection.execute(
            update(worker)
            .where(worker.c.id == worker_id)
            .values(
                heartbeat_at=now(),
                cpu_percent=telemetry.cpu_percent,
                memory_bytes=telemetry.memory_bytes,
                gpu_percent=telemetry.gpu_percent,
                gpu_memory_bytes=telemetry.gpu_memory_bytes,
                waits_for=telemetry.waits_for,
            )
        )


def desired_of_worker(store: Store, worker_id: int) -> Desired:
    """Return what is desired of a worker; one that is taken for dead shall stop."""
    query = select(worker.c.desired, worker.c.ended_at).where(worker.c.id == worker_id)
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.ended_at is not None:
        return "stopped"
    desired: Desired = row.desired
    return desired


def set_desired_of_worker(store: Store, worker_id: int, desired: Desired) -> None:
    """Set what is desired of a worker: work, rest without a run, or end. It obeys within a step.

    Raises:
        UsageError: it has ended.
    """
    living = (worker.c.id == worker_id) & worker.c.ended_at.is_(None)
    with store.writing() as connection:
        if connection.execute(update(worker).where(living).values(desired=desired)).rowcount != 1:
            raise UsageError(f"worker {worker_id} has ended; start another")


def set_desired_of_workers(store: Store, desired: Desired) -> None:
    """Set what is desired of every living worker."""
    with store.writing() as connection:
        connection.execute(
            update(worker).where(worker.c.ended_at.is_(None)).values(desired=desired)
        )


def end_worker(store: Store, worker_id: int) -> bool:
    """Remember that a worker ended, or is known to be dead: its run is lost at once.

    Returns:
        False where that was known before.
    """
    with store.writing() as connection:
        ended = connection.execute(
            update(worker)
            .where(worker.c.id == worker_id, worker.c.ended_at.is_(None))
            .values(ended_at=now(), run_id=None)
        )
        orphan_runs(connection, worker_id)
        return ended.rowcount == 1


def living_workers(store: Store) -> Sequence[WorkerRecord]:
    """Return the workers that have not ended, oldest first; a killed one still stands here."""
    silent = (now() - worker.c.heartbeat_at).label("silent")
    query = select(worker, silent).where(worker.c.ended_at.is_(None)).order_by(worker.c.id)
    with store.reading() as connection:
        return [
            WorkerRecord(
                id=row.id,
                identity=identity_in(row),
                device=row.device,
                threads=row.threads,
                desired=row.desired,
                run_id=row.run_id,
                silent=row.silent,
                has_heartbeat=row.cpu_percent is not None,
                log_file=row.log,
            )
            for row in connection.execute(query)
        ]


def require_writable(store: Store) -> None:
    """Write a line that nobody sees, to know what workers meet that are not heard.

    Raises:
        StorageError: the store takes nothing, from its workers neither.
    """
    line = insert(log).values(at=now(), level="debug", text="").returning(log.c.id)
    with store.writing() as connection:
        written = connection.execute(line).scalar_one()
        connection.execute(delete(log).where(log.c.id == written))


def say_what_waits(store: Store, devices: Collection[str]) -> Sequence[str]:
    """Tell runs that ask for other devices what they wait for; return the devices newly told.

    Args:
        store: where runs are kept.
        devices: those that a worker can use which has nothing else to do.
    """
    with store.reading() as connection:
        asked = device_asked(connection)
        waiting = (
            unheld(),
            run.c.desired == "running",
            run.c.reason.is_(None),
            asked.not_in(devices),
        )
        rows = connection.execute(select(run.c.id, asked.label("asked")).where(*waiting)).all()
    for row in rows:
        with store.writing() as connection:
            mine = (run.c.id == row.id) & run.c.reason.is_(None) & (run.c.state != "running")
            connection.execute(update(run).where(mine).values(reason=waits_for_device(row.asked)))
    return sorted({row.asked for row in rows})


def waits_for_device(device: str) -> str:
    """Return why something does not begin that asks for a device no idle worker has."""
    return (
        f"waits for a worker that can use {shown(device)}; start one there: bertcl-tui worker "
        f"--device {shown(device)}"
    )


def identity_in(row: Row[Any]) -> WorkerIdentity:
    """Return the identity of the worker whose columns are in a row."""
    return WorkerIdentity(
        host=row.host, pid=row.pid, process_start=row.process_start, process=row.process or ""
    )


def write_log(
    store: Store,
    level: Level,
    text: str,
    *,
    worker_id: int | None = None,
    run_id: int | None = None,
) -> None:
    """Remember one line for people; the oldest ones go where there are too many.

    Lines of a deleted run were deleted with it, so that what is still said belongs to no run.
    What no database can hold of a text is escaped.
    """
    text = text.replace("\0", r"\x00").encode(errors="backslashreplace").decode()
    there = None if run_id is None else select(run.c.id).where(run.c.id == run_id).scalar_subquery()
    line = (
        insert(log)
        .values(at=now(), level=level, worker_id=worker_id, run_id=there, text=text)
        .returning(log.c.id, log.c.run_id)
    )
    with store.writing(alone=False) as connection:
        newest, run_id = connection.execute(line).one()
        _forget_oldest(connection, run_id, newest)


def _forget_oldest(connection: Connection, run_id: int | None, newest: int) -> None:
    """Keep the newest lines of a run, or of those without one, and the newest of all."""
    same = log.c.run_id.is_(None) if run_id is None else log.c.run_id == run_id
    most = _MOST_LINES_WITHOUT_RUN if run_id is None else _MOST_LINES_OF_A_RUN
    first_too_many = select(log.c.id).where(same).order_by(log.c.id.desc()).offset(most).limit(1)
    too_many = same & (log.c.id <= first_too_many.scalar_subquery())
    connection.execute(delete(log).where(or_(too_many, log.c.id <= newest - _MOST_LINES)))


def count_lines(store: Store, *, before: float) -> tuple[Lines, Lines]:
    """Return how much stands in the log, and how much of it ``forget_lines`` would delete."""
    with store.reading() as connection:
        return _count(connection), _count(connection, _is_past(before))


def forget_lines(store: Store, *, before: float) -> Lines:
    """Delete what was said before a moment, and return how much that was.

    What living workers said stays, and so does what is about runs that are not ended.
    """
    past = select(log.c.id).where(_is_past(before)).order_by(log.c.id).limit(_LINES_AT_ONCE)
    gone = Lines(0, 0)
    while True:
        with store.writing() as connection:
            ids = connection.execute(past).scalars().all()
            if not ids:
                return gone
            some = log.c.id.between(ids[0], ids[-1]) & _is_past(before)
            number, letters = _count(connection, some)
            connection.execute(delete(log).where(some))
        gone = Lines(gone.number + number, gone.letters + letters)


def forget_workers(store: Store, *, before: float) -> int:
    """Delete the workers that ended before a moment and that no run and no line of the log names.

    Returns:
        How many that were.
    """
    past = worker.c.ended_at <= before
    named = union_all(
        *(
            select(column).where(column.is_not(None))
            for column in (run.c.worker_id, log.c.worker_id)
        )
    )
    with store.reading() as connection:
        ids = connection.execute(select(worker.c.id).where(past, worker.c.id.not_in(named)))
        unnamed = ids.scalars().all()
    gone = 0
    for first in range(0, len(unnamed), _WORKERS_AT_ONCE):
        some = worker.c.id.in_(unnamed[first : first + _WORKERS_AT_ONCE])
        with store.writing() as connection:
            gone += connection.execute(delete(worker).where(past, some)).rowcount
    return gone


def _is_past(before: float) -> ColumnElement[bool]:
    living = select(worker.c.id).where(worker.c.ended_at.is_(None))
    unfinished = select(run.c.id).where(run.c.state.in_(UNFINISHED))
    return (
        (log.c.at <= before)
        & or_(log.c.worker_id.is_(None), log.c.worker_id.not_in(living))
        & or_(log.c.run_id.is_(None), log.c.run_id.not_in(unfinished))
    )


def _count(connection: Connection, *which: ColumnElement[bool]) -> Lines:
    query = select(func.count(), func.sum(func.length(log.c.text))).select_from(log).where(*which)
    number, letters = connection.execute(query).one()
    return Lines(number, letters or 0)
