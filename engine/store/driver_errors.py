"""What the errors of a database mean, in one line for people.

They are told apart by the codes of SQLite and PostgreSQL: their words name hosts, roles and tables,
which may be called anything.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from engine.errors import EngineError, StorageError, UsageError, first_line
from engine.store.column_types import WrongValueError
from engine.store.schema import first_damage

_PRIMARY: Final = 0xFF
"""Of SQLite's codes: the rest says more closely what it was."""
_READ_ONLY_SERVER: Final = "25006"
_NO_RIGHTS: Final = "42501"
_SERVER_FULL: Final = "53100"
_WAITED_TOO_LONG: Final = "55P03"
_OF_WRONG_VALUES: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What work with a value fails by that is not what it should be."""
_LACKING: Final = ("no such table: ", "no such column: ")
"""How SQLite says what a file lacks that once was there."""
_TOO_MUCH_AT_ONCE: Final = "54"
"""How PostgreSQL's codes for statements begin that are too long or too deep."""


class UnwritableError(StorageError, UsageError):
    """A store lies where nothing can be written."""


class ServerAwayError(StorageError, UsageError):
    """A server does not answer, or lets nobody in who comes so; it may be restarting."""


def unwritable(store: str) -> UnwritableError:
    """Return the error for a file that may not be written where it lies."""
    return UnwritableError(f"{store} cannot be written; make its folder writable, or use --store")


def damaged(store: str, place: str = "") -> StorageError:
    """Return the error for a file that holds what nobody can have written, at a place if known."""
    at = place and f": {place}"
    return StorageError(f"{store} is damaged{at}; put a copy in its place, or use --store")


def _full(store: str) -> StorageError:
    return StorageError(f"{store}: the disk is full; free some space, then resume")


def _locked(store: str) -> StorageError:
    return StorageError(f"{store} stayed locked; close the program that holds it")


def _foreign(store: str) -> UsageError:
    return UsageError(f"{store} is not a database; name another file with --store")


_SQLITE_ERRORS: Final[Mapping[int, Callable[[str], EngineError]]] = {
    sqlite3.SQLITE_FULL: _full,
    sqlite3.SQLITE_IOERR: _full,  # as a quota is said to be
    sqlite3.SQLITE_READONLY: unwritable,
    sqlite3.SQLITE_CANTOPEN: unwritable,
    sqlite3.SQLITE_PERM: unwritable,
    sqlite3.SQLITE_BUSY: _locked,
    sqlite3.SQLITE_LOCKED: _locked,
    sqlite3.SQLITE_CORRUPT: damaged,
    sqlite3.SQLITE_NOTADB: _foreign,
}
_SERVER_ERRORS: Final[Mapping[str, Callable[[str], EngineError]]] = {
    _SERVER_FULL: _full,
    _WAITED_TOO_LONG: _locked,
}


@contextmanager
def plain_errors(store: str, file: Engine | None = None) -> Iterator[None]:
    """Say in one line what a database error means for the person.

    Args:
        store: its name, which begins the line.
        file: where to look for a value that is none of its column, if what is done fails by one.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise StorageError(f"{store} has too much to do; try again") from error
    except DataError as error:
        raise _too_large(store, error) from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise damaged(store, _damage_in(file)) from error
    except _OF_WRONG_VALUES as error:
        place = _damage_in(file)
        if place:
            raise damaged(store, place) from error
        if isinstance(error, WrongValueError):  # in an index, or what is made of several rows
            raise damaged(store, str(error)) from error
        if isinstance(error, OverflowError):
            raise _too_large(store, error) from error
        raise
    except (DBAPIError, sqlite3.Error) as error:
        meaning = meaning_of(error, store)
        if meaning is None:
            raise
        raise meaning from error


def _too_large(store: str, error: BaseException) -> UsageError:
    return UsageError(f"{store} cannot hold that: {first_line(_cause(error))}")


def _damage_in(file: Engine | None) -> str:
    """Return where a file holds what its column cannot; nothing, where it does not."""
    if file is None or file.dialect.name != "sqlite":
        return ""
    try:
        with file.connect() as connection:
            return first_damage(connection)
    except (DBAPIError, ValueError):
        return ""  # it is not even to be read


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
    sqlite_code = _sqlite_code(cause)
    known = _SERVER_ERRORS.get(code) or _SQLITE_ERRORS.get(sqlite_code)
    if known is not None:
        return known(store)
    if _is_connecting(error):
        return ServerAwayError(
            f"{store} cannot be reached: {first_line(cause)}; see that the server runs, and that "
            "its URL is right"
        )
    if not _is_operational(error):
        return None
    text = f"{store}: {first_line(cause)}"
    if first_line(cause).startswith(_LACKING):
        return EngineError(f"{text}; put a copy in its place, or use --store")
    own_fault = sqlite_code == sqlite3.SQLITE_ERROR or code.startswith(_TOO_MUCH_AT_ONCE)
    return EngineError(text) if own_fault else StorageError(text)  # no waiting mends our fault


def _cause(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _is_connecting(error: BaseException) -> bool:
    """Whether a server was not even asked anything; else what was begun there has been lost."""
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    return error.statement is None and not error.connection_invalidated


def _is_operational(error: BaseException) -> bool:
    is_cut_off = isinstance(error, DBAPIError) and error.connection_invalidated
    return is_cut_off or isinstance(error, OperationalError | sqlite3.OperationalError)


def _sqlite_code(cause: BaseException) -> int:
    code = getattr(cause, "sqlite_errorcode", None)
    return code & _PRIMARY if isinstance(code, int) else sqlite3.SQLITE_OK


def _sqlstate(cause: BaseException) -> str:
    return str(getattr(cause, "sqlstate", None) or "")
