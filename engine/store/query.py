"""A question in SQL, answered without a write: the store is as it was, whatever was asked."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLateError
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from threading import Thread
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from engine.errors import EngineError, UsageError, first_line
from engine.store.connection import Store
from engine.store.servers import of_one_moment
from engine.store.views import VIEWS, make_views

DEFAULT_ROWS: Final = 100_000
DEFAULT_SECONDS: Final = 60.0
_ALLOWED: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
"""What a statement may do in a SQLite file."""
_READS_ONLY: Final = "a query is one statement that only reads"
_SEVERAL: Final = re.compile("one statement|multiple commands")
_WRITING: Final = "25006"
_PRIMARY: Final = 0xFF
_OWN_FAULTS: Final = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH)
_OWN_FAULTS_OF_A_SERVER: Final = ("0A", "21", "22", "42", "54")
"""How codes of errors begin that a statement is to blame for."""
_AGAIN_SECONDS: Final = 0.1
_LONGEST: Final = 2**26
"""Bytes of one value, in a file."""
_DRIVER: Final = "psycopg"
"""The one that takes one statement at a time and can be told to give up."""
_ROWS_COME_BY_CURSOR: Final = ("select", "with", "values", "table")


class Answer(Struct, frozen=True):
    """Rows, with the names of their columns."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    is_whole: bool = True
    """Whether there were no more rows than were asked for."""


def ask(
    store: Store, sql: str, *, rows: int = DEFAULT_ROWS, seconds: float = DEFAULT_SECONDS
) -> Answer:
    """Return the answer to one statement that reads the views of ``VIEWS``, or any table.

    Args:
        store: where it is asked; it is not written.
        sql: the statement, in the words of the store's database.
        rows: how many are returned at most.
        seconds: after which the question is taken back; so it is by Ctrl-C.

    Raises:
        UsageError: the statement writes, is more than one, or cannot be read.
        StorageError: the store is in trouble, or lost while it answers.
        EngineError: the answer took too long.
    """
    if not sql.strip():
        raise UsageError(f"the query is empty; ask for one of {_view_names()}")
    if "\0" in sql:
        raise UsageError("the query has a NUL byte in it; leave it out")
    with _asking(store) as connection:
        driver: Any = connection.connection.dbapi_connection
        errors = (connection.dialect.loaded_dbapi.Error, connection.dialect.loaded_dbapi.Warning)
        try:
            return _answer_within(seconds, driver, sql, rows)
        except errors as error:
            refusal = _refusal(error)
            if refusal is not None:
                raise refusal from None
            # As if SQLAlchemy had asked, so that it is said as all other trouble of a store.
            base = connection.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(sql, (), error, base, dialect=connection.dialect) from error


@contextmanager
def _asking(store: Store) -> Iterator[Connection]:
    """Yield a connection of its own that has the views, and can write nothing."""
    with store.plain_errors(), of_one_moment(store.engine).connect() as connection:
        connection.detach()  # nobody else gets what has these views
        is_file = connection.dialect.name == "sqlite"
        if not is_file and connection.dialect.driver != _DRIVER:
            raise UsageError(f"a query needs the driver {_DRIVER}; write postgresql+{_DRIVER}://…")
        with connection.begin():
            make_views(connection)
        with connection.begin():
            if not is_file:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            with _reading_alone(connection) if is_file else nullcontext():
                yield connection


@contextmanager
def _reading_alone(connection: Connection) -> Iterator[None]:
    """Let SQLite refuse whatever does more than read."""
    driver: object = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )
    driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    try:
        yield
    finally:
        driver.set_authorizer(None)


def _answer_within(seconds: float, driver: Any, sql: str, rows: int) -> Answer:  # noqa: ANN401
    """Answer in another thread, which is over when this is, whatever breaks in."""
    answering: Future[Answer] = Future()

    def answer() -> None:
        try:
            answering.set_result(_answer(driver, sql, rows))
        except BaseException as error:  # told to who waits
            answering.set_exception(error)

    thread = Thread(target=answer, name="query")
    try:
        thread.start()
        return answering.result(seconds)
    except TooLateError:
        raise EngineError(
            f"no answer within {seconds:g} s; ask for less, or give it more time with --timeout"
        ) from None
    finally:
        while thread.is_alive() and not answering.done():
            _take_back(driver)
            thread.join(_AGAIN_SECONDS)
        if thread.ident is not None:
            thread.join()


def _take_back(driver: Any) -> None:  # noqa: ANN401
    """Say that nobody waits for the answer; what has not begun hears it not, so say it again."""
    driver.interrupt() if isinstance(driver, sqlite3.Connection) else driver.cancel()


def _answer(driver: Any, sql: str, rows: int) -> Answer:  # noqa: ANN401 - of either database
    cursor = _executed(driver, sql)
    if cursor.description is None:
        raise UsageError(f"{_READS_ONLY}; ask for rows of {_view_names()}")
    names = _distinct([column[0] for column in cursor.description])
    found = [tuple(map(_plain, row)) for row in cursor.fetchmany(rows + 1)]
    cursor.close()
    return Answer(names, found[:rows], is_whole=len(found) <= rows)


def _executed(driver: Any, sql: str) -> Any:  # noqa: ANN401
    if isinstance(driver, sqlite3.Connection):
        return driver.execute(sql)
    # Both ways a server takes one statement and no more; from a cursor of its own, it sends no more
    # rows than are fetched.
    if sql.lstrip().lower().startswith(_ROWS_COME_BY_CURSOR):
        cursor = driver.cursor(name="asked")
        cursor.execute(sql)
    else:
        cursor = driver.cursor()
        cursor.execute(sql, prepare=True)
    return cursor


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of columns, a later one of the same name with a number."""
    found: list[str] = []
    for name in names:
        other = (f"{name}_{number}" for number in range(2, len(names) + 2))
        found.append(
            name if name not in found else next(each for each in other if each not in found)
        )
    return tuple(found)


def _refusal(error: Exception) -> EngineError | None:
    """Return what is wrong with a question; None: the store itself is in trouble."""
    line, state = first_line(error), getattr(error, "sqlstate", None) or ""
    is_file = isinstance(error, sqlite3.Error | sqlite3.Warning)
    # Python's own module has no code for what it refuses before SQLite is asked.
    unsaid = sqlite3.SQLITE_ERROR if is_file else sqlite3.SQLITE_OK
    code = getattr(error, "sqlite_errorcode", unsaid) & _PRIMARY
    if _SEVERAL.search(line) or code == sqlite3.SQLITE_AUTH or state == _WRITING:
        return UsageError(f"{_READS_ONLY} ({line}); ask for rows of {_view_names()}")
    if code in _OWN_FAULTS or state[:2] in _OWN_FAULTS_OF_A_SERVER:
        return UsageError(f"{line}; there are the views {_view_names()}, see bertcl-tui query")
    return None


def _view_names() -> str:
    return ", ".join(view.name for view in VIEWS)
