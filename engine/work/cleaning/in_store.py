"""What is in the store itself: lines of its log, and room in its file that holds nothing."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import text

from engine.errors import EngineError, shown
from engine.store.connection import Store, existing
from engine.store.workers import count_lines, forget_lines, forget_workers
from engine.work.cleaning.amounts import Amount, Cleaning

_LEAST_ROOM: Final = 8 * 2**20
_LEAST_SHARE: Final = 0.1
"""For less room in it a store is not written anew; its log has some MiB while workers work."""
_PATIENCE_SECONDS: Final = 2.0
"""What works on the store goes first."""


def look_at_log(cleaning: Cleaning) -> tuple[Amount, Amount]:
    """Return how many lines there are, and how many are old."""
    there, old = count_lines(cleaning.store, before=time.time() - cleaning.older)
    return Amount(*there), Amount(*old)


def free_log(cleaning: Cleaning) -> Amount:
    """Delete old lines, and the workers that ended long ago and that no line names any more."""
    before = time.time() - cleaning.older
    gone = forget_lines(cleaning.store, before=before)
    forget_workers(cleaning.store, before=before)
    return Amount(*gone)


def look_at_room(cleaning: Cleaning) -> tuple[Amount, Amount]:
    """Return how many pages hold nothing, those of the write-ahead log too, and what can go."""
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
    if unused < _LEAST_SHARE * pages or unused == 0 or cleaning.living():
        return there, _much(in_log)
    return there, _much(there)


def free_room(cleaning: Cleaning) -> Amount:
    """Empty the write-ahead log; write the file anew where nobody works, who would have to wait."""
    if cleaning.store.copy is not None:
        with cleaning.store.writing():
            pass  # one that may not be written stays as it is
    before, can_go = look_at_room(cleaning)
    with _outside_transactions(cleaning.store) as connection:
        if can_go == before:
            connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    after, _ = look_at_room(cleaning)
    return Amount(max(0, before.count - after.count), max(0, before.bytes - after.bytes))


def _much(amount: Amount) -> Amount:
    return amount if amount.bytes >= _LEAST_ROOM else Amount(0, 0)


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
