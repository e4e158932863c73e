"""How a server is talked and listened to, which is PostgreSQL: waiting, and writers kept apart.

In a SQLite file one writes at a time, and whoever reads sees one moment. A server must be told so.
"""

import time
from collections.abc import Mapping
from select import POLLIN, poll
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, func, select
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.installing import command_to_install

if TYPE_CHECKING:
    from psycopg import Connection as PsycopgConnection

EXAMPLE: Final = "postgresql+psycopg://user@host/name"
_POSTGRES: Final = "postgresql"
_WRITERS: Final = int.from_bytes(b"bertcl")
_LIBPQ: Final = ("psycopg", "psycopg2")
"""Drivers that know libpq's options."""
_LISTENS: Final = "psycopg"
_UNLESS_SAID: Final[Mapping[str, int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A host that is gone is noticed within a minute or so; seconds, but the last in milliseconds."""
_SESSION: Final[Mapping[str, str]] = {
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
"""A client that is stopped or cut off in a transaction holds up the others for so long at most."""

_RESTS_SINCE: Final = "rests since"
_ASKED_AFTER: Final = 1.0
"""Seconds without use, after which a connection may have been cut off unnoticed."""


def server_options(url: URL) -> dict[str, Any]:
    """Return the options of SQLAlchemy for a server; what its URL says itself is left as it is."""
    options: dict[str, Any] = {"pool_events": [(_rest, "checkin"), (_ask_if_rested, "checkout")]}
    if url.get_backend_name() == _POSTGRES:
        options["pool_events"].append((_begin_session, "connect"))
    if url.drivername.removeprefix(f"{_POSTGRES}+") in (*_LIBPQ, _POSTGRES):
        options["connect_args"] = {
            name: value for name, value in _UNLESS_SAID.items() if name not in url.query
        }
    return options


def way_out(error: Exception) -> str:
    """Return what to do about a server that cannot be opened, as the end of a message."""
    if isinstance(error, ModuleNotFoundError) and error.name in _LIBPQ[:1]:
        return f"; install its driver: {command_to_install('bertcl-tui[postgres]')}"
    return f"; write it like {EXAMPLE}"


def of_one_moment(engine: Engine) -> Engine:
    """Return an engine in whose transactions all that is read is of one moment."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def write_alone(connection: Connection) -> None:
    """Wait until nobody else writes who would be alone, and keep them off up to the end."""
    if connection.dialect.name == _POSTGRES:
        connection.execute(select(func.pg_advisory_xact_lock(_WRITERS)))


def can_listen(engine: Engine) -> bool:
    """Whether it is a server, and its driver one over which what it tells is heard."""
    return (engine.dialect.name, engine.dialect.driver) == (_POSTGRES, _LISTENS)


def listening_connection(engine: Engine, channel: str) -> "PsycopgConnection[Any]":
    """Return a connection that listens, and is none of the pool's.

    Raises:
        SQLAlchemyError: there is none.
        Exception: a ``driver_error``: it cannot listen.
    """
    from psycopg import Connection as PsycopgConnection

    pooled = engine.raw_connection()
    connection = pooled.driver_connection
    assert isinstance(connection, PsycopgConnection)
    pooled.detach()
    try:
        connection.autocommit = True
        connection.execute(f"LISTEN {channel}")
    except BaseException:
        connection.close()
        raise
    return connection


def driver_error() -> type[Exception]:
    """Return what the driver raises over which a server is listened to."""
    from psycopg import Error

    return Error


def _rest(_: object, pooled: ConnectionPoolEntry) -> None:
    pooled.info[_RESTS_SINCE] = time.monotonic()


def _ask_if_rested(connection: Any, pooled: ConnectionPoolEntry, _: object) -> None:  # noqa: ANN401 - a driver's
    """Find out whether a connection that rested still leads anywhere.

    A server that ends says so, which shows without a way there and back. ``pool_pre_ping`` would
    ask at each use, of which a worker has some thirty between two trials.
    """
    since = pooled.info.get(_RESTS_SINCE)
    if since is None or (
        time.monotonic() - since < _ASKED_AFTER and not _has_been_told(connection)
    ):
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except Exception as error:  # what a driver raises
        raise InvalidatePoolError from error


def _has_been_told(connection: Any) -> bool:  # noqa: ANN401 - a driver's
    """Whether a server has something to say that it was not asked, as that it ends."""
    if not hasattr(connection, "fileno"):
        return True
    told = poll()
    told.register(connection.fileno(), POLLIN)
    return bool(told.poll(0))


def _begin_session(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401 - a driver's
    with connection.cursor() as cursor:
        for name, value in _SESSION.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()
