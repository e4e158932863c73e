"""The store: what it holds, where it lies, and who is missing."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import psutil
from msgspec import Struct
from sqlalchemy import text

from bertcl_tui.doctor import Finding, Verdict
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count, size
from engine.errors import EngineError
from engine.store.connection import Store, is_made, open_store, sqlite_path, store_url
from engine.store.schema import REVISIONS
from engine.work.cleaning import Cleaning, kinds_of, look_at

_NETWORKED: Final = (
    "nfs",
    "cifs",
    "smb",
    "sshfs",
    "afpfs",
    "webdav",
    "davfs",
    "ceph",
    "gluster",
    "lustre",
    "gpfs",
    "beegfs",
    "afs",
    "9p",
    "rclone",
    "s3fs",
)
"""How the names of file systems are written that reach over a network."""
_LITTLE: Final = 2 * 2**30
"""Bytes: less is soon full of checkpoints."""
_MUCH: Final = 2**30
"""Bytes that can go: more is worth a word."""


class Mount(Struct, frozen=True):
    """Where a file system is to be found."""

    folder: Path
    kind: str


def find_store(store: str, clock: Callable[[], float] | None = None) -> Iterator[Finding]:
    """Yield what is to be said of a store, and of the disk it lies or would lie on.

    Args:
        store: URL, or path of a SQLite file.
        clock: says for which moment it is said.
    """
    try:
        made = is_made(store)
        path = sqlite_path(store_url(store))
    except EngineError as error:
        yield Finding("store", "bad", str(error))
        return
    if path is not None:
        yield from find_place(path, mounts())
    if not made:
        yield Finding("store", "note", f"none at {store} yet; a search makes it")
        return
    try:
        with (
            closing(open_store(store, create=False)) as at,
            closing(Reader(store, clock)) as reader,
            at.plain_errors(),
        ):
            yield _contents(at, reader)
            yield _workers(reader)
            yield _lost(reader)
            yield _disk_use(at)
    except EngineError as error:
        yield Finding("store", "bad", str(error))


def find_place(store: Path, there: Iterable[Mount]) -> Iterator[Finding]:
    """Yield what is to be said of where a SQLite file lies.

    Args:
        store: the file, in a folder that exists.
        there: every file system.
    """
    mount = mount_of(store, there)
    if mount is not None and any(name in mount.kind.lower() for name in _NETWORKED):
        yield Finding(
            "store's disk",
            "note",
            f"{store} lies on {mount.kind} ({mount.folder}): SQLite's write-ahead log does not "
            "work over a network; keep it on a local disk, or use --store postgresql+psycopg://…",
        )
    free = shutil.disk_usage(store.parent).free
    if free < _LITTLE:
        text = f"{size(free)} free at {store.parent}; checkpoints want some GB"
        yield Finding("free disk", "note", text)
    else:
        yield Finding("free disk", "good", f"{size(free)} at {store.parent}")


def mounts() -> tuple[Mount, ...]:
    """Return every file system of this machine."""
    return tuple(
        Mount(Path(part.mountpoint), part.fstype) for part in psutil.disk_partitions(all=True)
    )


def mount_of(path: Path, there: Iterable[Mount]) -> Mount | None:
    """Return the file system on which a file lies: the innermost, the last one mounted there."""
    fitting = [mount for mount in there if path.is_relative_to(mount.folder)]
    deepest = max((len(mount.folder.parts) for mount in fitting), default=0)
    return next((mount for mount in reversed(fitting) if len(mount.folder.parts) == deepest), None)


def _contents(at: Store, reader: Reader) -> Finding:
    studies, path = reader.studies(), at.path
    trials = sum(sum(study.counts.values()) for study in studies)
    facts = [count(len(studies), "study", "studies"), count(trials, "trial")]
    facts.append(f"schema {REVISIONS[-1]}")
    if path is None:
        return Finding("store", "good", f"{at.engine.url.host}: {', '.join(facts)}")
    files = [path, path.with_name(f"{path.name}-wal")]
    facts.append(size(sum(file.stat().st_size for file in files if file.exists())))
    with at.reading() as connection:
        journal = str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
    facts.append(f"journal {journal}")
    about = f"{path}: {', '.join(facts)}"
    if journal != "wal":
        return Finding("store", "note", f"{about}; screen and workers will wait for each other")
    return Finding("store", "good", about)


def _disk_use(at: Store) -> Finding:
    """Say how much there is of each kind that ``clean`` knows."""
    stocks = [look_at(Cleaning(at), kind) for kind in kinds_of(at)]
    there = [
        f"{stock.kind} {stock.there.count:,} ({size(stock.there.bytes)})"
        for stock in stocks
        if stock.there.count
    ]
    can_go = sum(stock.can_go.bytes for stock in stocks)
    said = ", ".join(there) or "nothing but the store"
    if can_go == 0:
        return Finding("disk use", "good", said)
    verdict: Verdict = "note" if can_go >= _MUCH else "good"
    return Finding("disk use", verdict, f"{said}; {size(can_go)} can go: bertcl-tui clean")


def _workers(reader: Reader) -> Finding:
    workers = reader.workers()
    stale = [worker for worker in workers if worker.state == "lost"]
    living = len(workers) - len(stale)
    if not stale:
        return Finding("workers", "good", f"{living} at work or waiting")
    named = ", ".join(f"{worker.pid} on {worker.host}" for worker in stale)
    return Finding(
        "workers",
        "note",
        f"{count(len(stale), 'worker')} ended without a word ({named}), {living} living; what they "
        "did is taken up by the next one: open the app, or bertcl-tui worker",
    )


def _lost(reader: Reader) -> Finding:
    studies = [study.name for study in reader.studies() if study.state in {"lost", "stalled"}]
    runs = sum(run.state in {"lost", "stalled"} for run in reader.unfinished_runs())
    if not studies and not runs:
        return Finding("lost runs", "good", "none")
    named = f" ({', '.join(studies)})" if studies else ""
    return Finding(
        "lost runs",
        "note",
        f"{count(len(studies), 'study', 'studies')}{named} and {count(runs, 'run')} without a "
        "worker that gets on; bertcl-tui resume STUDY, or bertcl-tui worker",
    )
