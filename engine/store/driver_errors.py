"""What the errors of a database mean, in one line for people.

They are told apart by the codes of SQLite and PostgreSQL: their words name hosts, roles and tables,
which may be called anything.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

import msgspec
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.errors import EngineError, StorageError, UsageError, first_line

Kind = Literal["full", "unwritable", "locked", "damaged", "foreign"]

_SQLITE_KINDS: Final[Mapping[int, Kind]] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "full",  # as a quota is said to be
    sqlite3.SQLITE_READONLY: "unwritable",
    sqlite3.SQLITE_CANTOPEN: "unwritable",
    sqlite3.SQLITE_PERM: "unwritable",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "foreign",
}
_PRIMARY: Final = 0xFF
"""Of SQLite's codes: the rest says more closely what it was."""
_READ_ONLY_SERVER: Final = "25006"
_NO_RIGHTS: Final = "42501"
_SERVER_FULL: Final = "53100"
_TOO_MUCH_AT_ONCE: Final = "54"
"""How PostgreSQL's codes for statements begin that are too long or too deep."""


class UnwritableError(StorageError, UsageError):
    """A store lies where nothing can be written."""


@contextmanager
def plain_errors(store: str) -> Iterator[None]:
    """Say in one line what a database error means for the person; the store's name begins it."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StorageError(f"{store} has too much to do; try again") from error
    except (DataError, OverflowError) as error:
        raise UsageError(f"{store} cannot hold that: {first_line(_cause(error))}") from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise damaged(store) from error
    except (DBAPIError, sqlite3.Error) as error:
        meaning = meaning_of(error, store)
        if meaning is None:
            raise
        raise meaning from error


def meaning_of(error: BaseException, store: str) -> EngineError | None:
    """Return what an error means for people; None: a statement of ours was wrong.

    Args:
        error: SQLAlchemy's, or that of a driver.
        store: its name, as it begins the message.
    """
    cause = _cause(error)
    code = _sqlstate(cause)
    if code in (_READ_ONLY_SERVER, _NO_RIGHTS):
        return UnwritableError(
            f"{store} may not be written by this user; use an account that may, or use --store"
        )
    kind = "full" if code == _SERVER_FULL else _SQLITE_KINDS.get(_sqlite_code(cause))
    if kind is not None:
        return _in_words(kind, store)
    if not _is_operational(error):
        return None
    text = f"{store}: {first_line(cause)}"
    return EngineError(text) if _is_own_fault(cause) else StorageError(text)


def _in_words(kind: Kind, store: str) -> EngineError:
    match kind:
        case "full":
            return StorageError(f"{store}: the disk is full; free some space, then resume")
        case "unwritable":
            return unwritable(store)
        case "locked":
            return StorageError(f"{store} stayed locked; close the program that holds it")
        case "damaged":
            return damaged(store)
        case "foreign":
            return UsageError(f"{store} is not a database; name another file with --store")


def unwritable(store: str) -> UnwritableError:
    """Return the error for a file that may not be written where it lies."""
    return UnwritableError(f"{store} cannot be written; make its folder writable, or use --store")


def damaged(store: str) -> StorageError:
    """Return the error for a file that holds what nobody can have written."""
    return StorageError(f"{store} is damaged; put a copy in its place, or use --store")


def _cause(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _is_operational(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | sqlite3.OperationalError)


def _is_own_fault(cause: BaseException) -> bool:
    """Whether no waiting mends it."""
    is_wrong = _sqlite_code(cause) == sqlite3.SQLITE_ERROR
    return is_wrong or _sqlstate(cause).startswith(_TOO_MUCH_AT_ONCE)


def _sqlite_code(cause: BaseException) -> int:
    code = getattr(cause, "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else sqlite3.SQLITE_OK


def _sqlstate(cause: BaseException) -> str:
    return str(getattr(cause, "sqlstate", None) or "")
