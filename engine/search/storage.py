"""Optuna's own tables, which lie in the same store as ours, and our marks in them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection, connect
from typing import Any, Final

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import EngineError, UsageError, first_line
from engine.store.connection import existing, sqlite_path
from engine.store.driver_errors import meaning_of
from engine.store.servers import server_options

# User attributes of trials, as ``optuna-dashboard`` shows them.
LABEL: Final = "label"
"""Name of the warm start."""
AGAIN: Final = "again"
"""Number of the trial that was run once more, whose end this one records."""
ENDED: Final = "ended"
"""How a trial that is not complete came to its end: ``pruned`` or ``collapsed``."""
_BUSY_SECONDS = 30
_ATTEMPTS = 10
_PAUSE_SECONDS = 0.05


def open_storage(url: str) -> RDBStorage:
    """Open Optuna's tables, making missing ones; other processes may be doing so too.

    Raises:
        UsageError: they are of another Optuna version, or cannot be written.
        EngineError: the disk is full, or the store stayed locked.
    """
    quieten()
    with plain_errors():
        return _patiently_opened(url)


def quieten() -> None:
    """Keep Optuna from telling of every study and trial on stderr."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one line what an error of the storage means for the person."""
    try:
        yield
    except (DBAPIError, StorageInternalError) as error:
        cause = _database_error(error)
        meaning = meaning_of(cause, "the store")
        raise meaning or EngineError(f"the store failed: {first_line(cause)}") from error


def _patiently_opened(url: str) -> RDBStorage:
    # Optuna fills braces in as a template, and makes its tables one by one without a lock.
    template = url.replace("{", "{{").replace("}", "}}")
    for attempt in range(1, _ATTEMPTS):
        try:
            return _opened(template)
        except (DBAPIError, StorageInternalError) as error:
            if not _made_by_another(error):
                raise
            time.sleep(_PAUSE_SECONDS * attempt)
    return _opened(template)


def _opened(template: str) -> RDBStorage:
    try:
        return RDBStorage(template, engine_kwargs=_engine_options(template))
    except RuntimeError as error:
        raise UsageError(
            "the store's Optuna tables are from another version of Optuna; "
            "bring them up to date with `optuna storage upgrade`, or use another --store"
        ) from error


def _engine_options(url: str) -> dict[str, Any]:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return server_options(parsed)
    return {
        "creator": lambda: _connected(url),
        "pool_events": [(_sync_less, "connect")],
    }


def _connected(template: str) -> Connection:
    """Connect to a file that is there: where it was taken away, none must be made in its place."""
    path = sqlite_path(template.replace("{{", "{").replace("}}", "}"))
    assert path is not None
    return connect(existing(path), timeout=_BUSY_SECONDS, check_same_thread=False, uri=True)


def _sync_less(connection: Connection, _: ConnectionPoolEntry) -> None:
    # Safe as whoever made the store put it into WAL mode.
    connection.execute("PRAGMA synchronous=NORMAL")


def _made_by_another(error: Exception) -> bool:
    cause = _database_error(error)
    return isinstance(cause, IntegrityError) or "already exists" in str(cause)


def _database_error(error: Exception) -> BaseException:
    return error.__cause__ or error if isinstance(error, StorageInternalError) else error
