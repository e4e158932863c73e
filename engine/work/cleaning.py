"""What lies on disk beside a store, how much of it nobody needs any more, and how that goes. Light.

Nobody needs what belongs to runs that are deleted or over for good, and what killed processes left
half written. What only saves time or tells of the past goes when it was used long ago. A checkpoint
that a run may go on from stays, and so does all that a living worker has; symbolic links are not
followed. Each kind may be freed while workers work.
"""

import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, select, text

from engine.errors import EngineError, shown
from engine.files import (
    COPY_PREFIX,
    StoredFile,
    as_one,
    delete,
    files_in,
    folders_in,
    is_abandoned,
    is_beside,
    is_orphan,
)
from engine.places import Place
from engine.places.local import Folder
from engine.store.connection import Store, existing
from engine.store.places import FIRST_STAGES, place_of
from engine.store.schema import run
from engine.store.searches import unfinished_studies
from engine.store.workers import WorkerRecord, count_lines, forget_lines, living_workers
from engine.tasks.cache import cache_folders, cached_files
from engine.work.processes import is_alive

LONG_AGO: Final = 30 * 86400.0
"""Seconds without use after which something may go that is of little use."""
KINDS: Final[Mapping[str, str]] = {
    "checkpoints": "what runs go on from",
    "first-stages": "first stages that runs share",
    "caches": "encoded texts, Fisher information, shifts",
    "worker-logs": "files that workers write into",
    "leftovers": "what killed processes left half written",
    "log": "lines of the log, in the store",
    "store": "pages of its file that hold nothing, and its write-ahead log",
}
_OVER: Final = ("complete", "pruned", "collapsed")
"""Runs of these states are never gone on with."""
_GRACE_SECONDS: Final = 3600.0
"""What goes without being asked for was not touched for so long: people move stores about."""
_MOST_WORKER_LOGS: Final = 50
"""Of workers that have ended."""
_YOUNG_SECONDS: Final = 600.0
"""A log file may be so young before its worker stands in the store."""
_AT_ONCE: Final = 200
_LEAST_ROOM: Final = 8 * 2**20
_LEAST_SHARE: Final = 0.1
"""For less room in it a store is not written anew; its log has some MiB while workers work."""
_PATIENCE_SECONDS: Final = 2.0
"""What works on the store goes first."""
_RUN: Final = re.compile(r"run-([1-9]\d{0,17})")
_LOG: Final = re.compile(r"(worker-[\d-]+\.log)(\.\d)?")
_OF_STUDY: Final = re.compile(r"study-([1-9]\d{0,17})-.+")
_COPY: Final = re.compile(rf"{COPY_PREFIX}(\d+)-.+")


class Amount(Struct, frozen=True):
    """How many there are of something, and how large they are together."""

    count: int
    bytes: int


class Stock(Struct, frozen=True, kw_only=True):
    """How much there is of a kind, and how much of it can go."""

    kind: str
    there: Amount
    can_go: Amount


@dataclass(frozen=True)
class Cleaning:
    """What is to be looked at, and from when on something was used long ago."""

    store: Store
    older: float = LONG_AGO
    """Seconds without use."""
    grace: float = 0.0
    """Seconds that even what nobody needs was not touched for."""

    @property
    def folder(self) -> Path:
        """Where the store's files lie; it may be a link that a person made."""
        return Path(os.path.realpath(self.store.folder))

    @cached_property
    def place(self) -> Place:
        """Where its checkpoints and first stages lie."""
        return place_of(self.store)

    def is_old(self, at: float) -> bool:
        """Whether what was used then is to go."""
        return at <= time.time() - self.older


class _Piece(Struct, frozen=True):
    file: StoredFile
    can_go: bool


def kinds_of(store: Store) -> list[str]:
    """Return the kinds that there are; a server looks after its own files."""
    return [kind for kind in KINDS if store.path is not None or kind != "store"]


def look_at(cleaning: Cleaning, kind: str) -> Stock:
    """Return how much there is of a kind. Nothing is written.

    Raises:
        EngineError: the store cannot be read.
    """
    if kind not in _PIECES:
        there, can_go = _LOOK_IN_STORE[kind](cleaning)
        return Stock(kind=kind, there=there, can_go=can_go)
    pieces = list(_PIECES[kind](cleaning))
    return Stock(
        kind=kind,
        there=_amount([piece.file for piece in pieces]),
        can_go=_amount([piece.file for piece in pieces if piece.can_go]),
    )


def free(cleaning: Cleaning, kind: str) -> Amount:
    """Free what can go of a kind, and return how much went.

    Raises:
        UsageError: the store cannot be written.
        EngineError: something cannot be deleted.
    """
    if kind == "checkpoints":
        return _free_checkpoints(cleaning)
    if kind in _PIECES:
        going = [piece.file for piece in _PIECES[kind](cleaning) if piece.can_go]
        if going:
            with cleaning.store.writing():
                pass  # what lies beside a store that may not be written stays too
        remove = cleaning.place.delete if kind == "first-stages" else delete
        return _amount([file for file in going if remove(file.path)])
    return _FREE_IN_STORE[kind](cleaning)


def tidy(store: Store) -> None:
    """Free what no person has to be asked about: workers do so now and then.

    Caches, first stages and the log keep themselves within their bounds as they are written.
    """
    for kind in ("leftovers", "checkpoints", "worker-logs"):
        free(Cleaning(store, grace=_GRACE_SECONDS), kind)


def _amount(files: Sequence[StoredFile]) -> Amount:
    return Amount(len(files), sum(file.size for file in files))


# Checkpoints: whether one may go is for the state of its run to say


def _checkpoints(cleaning: Cleaning) -> Iterator[_Piece]:
    # Folders before states: a folder that is there belongs to a run that is known, or was.
    found = {_run_id(folder.path): folder for folder in cleaning.place.folders()}
    found.pop(0, None)
    with cleaning.store.reading() as connection:
        states = _states(connection, found)
    for run_id, file in found.items():
        yield _Piece(file, _is_over(cleaning, states.get(run_id), file))


def _run_id(folder: Path) -> int:
    """Return whose folder it is, 0 where it is no run's."""
    match = _RUN.fullmatch(folder.name)
    return 0 if match is None else int(match[1])


def _states(
    connection: Connection, run_ids: Collection[int], *, stay: bool = False
) -> dict[int, str]:
    """Return the states of the runs that are there; they may stay so until the transaction ends."""
    ids = list(run_ids)
    states: dict[int, str] = {}
    for first in range(0, len(ids), _AT_ONCE):
        query = select(run.c.id, run.c.state).where(run.c.id.in_(ids[first : first + _AT_ONCE]))
        rows = connection.execute(query.with_for_update() if stay else query)
        states |= {row.id: row.state for row in rows}
    return states


def _is_over(cleaning: Cleaning, state: str | None, file: StoredFile) -> bool:
    if state is None or state in _OVER:
        return file.written_at <= time.time() - cleaning.grace
    return state == "stopped" and cleaning.is_old(file.written_at)


def _free_checkpoints(cleaning: Cleaning) -> Amount:
    """Take folders out of the way while no run can be claimed or retried, then delete them."""
    found = [piece.file for piece in _checkpoints(cleaning) if piece.can_go]
    gone: list[StoredFile] = []
    # Elsewhere a folder is deleted file by file while nobody else can write.
    at_once = _AT_ONCE if isinstance(cleaning.place, Folder) else 1
    for first in range(0, len(found), at_once):
        some = {_run_id(file.path): file for file in found[first : first + at_once]}
        aside: list[Callable[[], object]] = []
        with cleaning.store.writing() as connection:
            states = _states(connection, some, stay=True)
            for run_id, file in some.items():
                if _is_over(cleaning, states.get(run_id), file):
                    aside.append(cleaning.place.take_away(file.path))
                    gone.append(file)
        for go in aside:
            go()
    return _amount(gone)


# What is a file, and may go when it is old


def first_stage_name(key: str, study_id: int | None) -> str:
    """Return what a first stage is called at its place: of any run, or of a study's trials."""
    owner = "" if study_id is None else f"study-{study_id}-"
    return f"{FIRST_STAGES}/{owner}{key}.safetensors"


def spare_first_stages(store: Store, place: Place) -> list[StoredFile]:
    """Return the first stages that no study needs which is not over."""
    files = _whole_first_stages(place)
    owners = [_OF_STUDY.fullmatch(file.path.name) for file in files]
    needing = unfinished_studies(store) if any(owners) else ()
    return [
        file
        for file, owner in zip(files, owners, strict=True)
        if owner is None or int(owner[1]) not in needing
    ]


def _whole_first_stages(place: Place) -> list[StoredFile]:
    return [file for file in place.files(FIRST_STAGES) if file.path.suffix == ".safetensors"]


def _first_stages(cleaning: Cleaning) -> Iterator[_Piece]:
    spare = {file.path for file in spare_first_stages(cleaning.store, cleaning.place)}
    for file in _whole_first_stages(cleaning.place):
        yield _Piece(file, file.path in spare and cleaning.is_old(file.used_at))


def _caches(cleaning: Cleaning) -> Iterator[_Piece]:
    for file in cached_files():
        yield _Piece(file, cleaning.is_old(file.used_at))


def _worker_logs(cleaning: Cleaning) -> Iterator[_Piece]:
    logs = [file for file in files_in(cleaning.folder) if _LOG.fullmatch(file.path.name)]
    living = {Path(item.log_file).name for item in _living(cleaning.store) if item.log_file}
    ended = 0
    for file in sorted(logs, key=lambda file: file.written_at, reverse=True):
        if file.path.name.partition(".log")[0] + ".log" in living:
            yield _Piece(file, can_go=False)
            continue
        ended += 1
        is_old = cleaning.is_old(file.written_at) or ended > _MOST_WORKER_LOGS
        is_young = file.written_at > time.time() - _YOUNG_SECONDS
        yield _Piece(file, is_old and not is_young)


def _leftovers(cleaning: Cleaning) -> Iterator[_Piece]:
    now = time.time()
    for file in _half_written(cleaning):
        yield _Piece(file, is_abandoned(file, now))
    for folder in folders_in(Path(tempfile.gettempdir())):
        match = _COPY.fullmatch(folder.name)
        with suppress(FileNotFoundError):
            if match is not None and folder.stat().st_uid == os.getuid():
                copy = as_one(folder)
                yield _Piece(copy, is_orphan(int(match[1]), copy, now))


def _half_written(cleaning: Cleaning) -> Iterator[StoredFile]:
    roots = [cleaning.folder]
    if isinstance(cleaning.place, Folder):
        roots.append(Path(os.path.realpath(cleaning.place.root)))
    inside = [folder for root in roots for folder in folders_in(root)]
    for folder in dict.fromkeys([*roots, *inside, *cache_folders()]):
        if is_beside(folder.name):
            yield as_one(folder)
            continue
        yield from (file for file in files_in(folder) if is_beside(file.path.name))


_PIECES: Final[Mapping[str, Callable[[Cleaning], Iterator[_Piece]]]] = {
    "checkpoints": _checkpoints,
    "first-stages": _first_stages,
    "caches": _caches,
    "worker-logs": _worker_logs,
    "leftovers": _leftovers,
}


# What is in the store


def _look_at_log(cleaning: Cleaning) -> tuple[Amount, Amount]:
    there, old = count_lines(cleaning.store, before=time.time() - cleaning.older)
    return Amount(*there), Amount(*old)


def _free_log(cleaning: Cleaning) -> Amount:
    return Amount(*forget_lines(cleaning.store, before=time.time() - cleaning.older))


def _look_at_room(cleaning: Cleaning) -> tuple[Amount, Amount]:
    path, log_bytes = cleaning.store.path, 0
    assert path is not None
    with suppress(FileNotFoundError):
        log_bytes = path.with_name(f"{path.name}-wal").stat().st_size
    with cleaning.store.reading() as connection:
        unused, pages, size = (
            int(connection.execute(text(f"PRAGMA {name}")).scalar_one())
            for name in ("freelist_count", "page_count", "page_size")
        )
    in_log = Amount(log_bytes // size, log_bytes)
    there = Amount(unused + in_log.count, unused * size + in_log.bytes)
    if unused < _LEAST_SHARE * pages or unused == 0 or _living(cleaning.store):
        return there, _much(in_log)
    return there, _much(there)


def _much(amount: Amount) -> Amount:
    return amount if amount.bytes >= _LEAST_ROOM else Amount(0, 0)


def _free_room(cleaning: Cleaning) -> Amount:
    """Empty the write-ahead log; write the file anew where nobody works, who would have to wait."""
    if cleaning.store.copy is not None:
        with cleaning.store.writing():
            pass  # one that may not be written stays as it is
    before, can_go = _look_at_room(cleaning)
    with _outside_transactions(cleaning.store) as connection:
        if can_go == before:
            connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    after, _ = _look_at_room(cleaning)
    return Amount(max(0, before.count - after.count), max(0, before.bytes - after.bytes))


@contextmanager
def _outside_transactions(store: Store) -> Iterator[sqlite3.Connection]:
    """A connection for what cannot be part of one; where the store is busy, nothing is done."""
    assert store.path is not None
    connection = sqlite3.connect(
        existing(store.path), timeout=_PATIENCE_SECONDS, isolation_level=None, uri=True
    )
    try:
        yield connection
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise EngineError(f"store {shown(store.path)}: {shown(error)}") from error
    finally:
        connection.close()


def _living(store: Store) -> list[WorkerRecord]:
    """Return the workers that have not ended; of another machine nobody knows better."""
    return [item for item in living_workers(store) if is_alive(item.identity)]


_LOOK_IN_STORE: Final[Mapping[str, Callable[[Cleaning], tuple[Amount, Amount]]]] = {
    "log": _look_at_log,
    "store": _look_at_room,
}
_FREE_IN_STORE: Final[Mapping[str, Callable[[Cleaning], Amount]]] = {
    "log": _free_log,
    "store": _free_room,
}
