"""Opening a store: what it is, whether it is ours, and how it is talked to."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteOperationalError
from tempfile import TemporaryDirectory
from threading import Lock
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import UsageError, first_line, mask_password, reason_of, shown
from engine.files import COPY_PREFIX, Stamp, expanded, is_homeless, own_folder, stamp_of
from engine.store.driver_errors import UnwritableError, plain_errors
from engine.store.migrations import make_tables, revision_in, upgrade
from engine.store.schema import REVISIONS
from engine.store.servers import EXAMPLE, of_one_moment, server_options, way_out, write_alone

DEFAULT_STORE = "studies.db"
_BUSY_SECONDS = 30
_WAL_PAUSE_SECONDS = 0.01
_MOST_WAL_BYTES = 64 * 2**20
"""Of the write-ahead log, once all that stands in it is in the file."""


@dataclass(eq=False)
class Store:
    """An open store. Verbs take it as their first argument."""

    url: str
    engine: Engine
    copy: "TemporaryDirectory[str] | None" = None
    """Holds what is looked at where looking would have to write."""
    seen: Stamp | None = None
    """What lay there when it was opened, of a SQLite file."""
    _leaving: Lock = field(default_factory=Lock, repr=False)
    _moment: Connection | None = field(default=None, repr=False)
    """Where this is the store as it stood at one moment."""

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None where the store is a server."""
        return sqlite_path(self.url)

    @property
    def folder(self) -> Path:
        """Where checkpoints and worker logs of this store lie."""
        return files_folder(self.url)

    @property
    def is_past(self) -> bool:
        """Whether another file lies there by now, or what was copied has changed."""
        there = None if self.path is None else stamp_of(self.path, whole=self.copy is not None)
        return there is not None and there != self.seen

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view."""
        if self._moment is not None:
            yield self._moment
            return
        engine = of_one_moment(self.engine)
        with self.plain_errors(), engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def at_one_moment(self) -> Iterator["Store"]:
        """The store as it stands now: all that is read of it is of one moment, in one thread.

        For verbs that read, several of them, one after another.
        """
        with self.reading() as connection:
            yield replace(self, _moment=connection)

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        """One short transaction; what is read in it stays true until it ends.

        In a file nobody else writes meanwhile. On a server it need not be ``alone``: for a worker
        that writes of nothing but itself or the run it holds.
        """
        assert self._moment is None, "a moment is read"
        if self.copy is not None:
            self._leave_copy()
        engine = self.engine.execution_options(immediate=True)
        with self.plain_errors(), engine.connect() as connection, connection.begin():
            if alone:
                write_alone(connection)
            yield connection

    def plain_errors(self) -> AbstractContextManager[None]:
        """Say in one line why something cannot be done with what the store holds."""
        return plain_errors(self._called, self.engine)

    @cached_property
    def _called(self) -> str:
        """By what people know it; finding that out takes as long as a short question."""
        return _name(self.url)

    def close(self) -> None:
        self.engine.dispose()
        if self.copy is not None:
            self.copy.cleanup()

    def _leave_copy(self) -> None:
        """Make the store itself ready to be written, and go on there."""
        with self._leaving:
            if self.copy is not None:
                itself = open_store(self.url)
                self.close()
                self.engine, self.copy, self.seen = itself.engine, None, itself.seen


def store_url(text: str) -> str:
    """Return the URL of a store given as a URL or as a path of a SQLite file."""
    if "://" in text:
        return text
    path = expanded(text).resolve()
    return URL.create("sqlite", database=str(path)).render_as_string()


def sqlite_path(url: str) -> Path | None:
    """Return the file behind a SQLite URL, or None."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return expanded(parsed.database).resolve()


def files_folder(url: str) -> Path:
    """Return the folder of a store's checkpoints and logs: beside the file, named after it.

    A server's has a name of its own, which its password has no part in.

    Raises:
        UsageError: it is a server's, and nothing says where this user's files lie.
    """
    path = sqlite_path(url)
    if path is not None:
        return path.with_name(f"{path.name}.runs")
    server = url_without_password(url)
    folder = own_folder("data") / hashlib.sha256(server.encode()).hexdigest()[:16]
    if is_homeless(folder):
        raise UsageError("checkpoints have no place: no home is known; set HOME or XDG_DATA_HOME")
    return folder


def url_without_password(url: str) -> str:
    """Return the URL of a server as anybody may know it."""
    return URL.create(**{**make_url(url)._asdict(), "password": None}).render_as_string()


def is_made(text: str) -> bool:
    """Return whether there is a store; a server is taken to have one.

    Raises:
        UsageError: there is none and none can be made.
    """
    path = _checked_path(store_url(text), create=True)
    return path is None or path.exists()


def open_store(text: str = DEFAULT_STORE, *, create: bool = True) -> Store:
    """Open the store, bringing an older one up to date and making a missing one.

    Looking into a SQLite file changes none of its bytes, so that one under version control stays
    as it was. One that would have to be brought up to date first, or that SQLite cannot even read
    where it lies, because it would have to write beside it, is copied, and the copy looked at until
    the store is written.

    Args:
        text: URL, or path of a SQLite file.
        create: make the store where there is none, and ready for writers; else that is an error.

    Raises:
        UsageError: it is not ours, is from a newer version, cannot be written, or is missing.
    """
    url = store_url(text)
    path = _checked_path(url, create=create)
    if create or path is None:
        return _opened(url, path)
    store = None
    with suppress(UnwritableError):
        store = _opened_as_it_lies(url, path)
    return store or _opened_copy(url, path)


def _opened_as_it_lies(url: str, path: Path) -> Store | None:
    """Open a file to look into it, unless that needs a change of it."""
    store = Store(url, _engine(url, path), seen=stamp_of(path))
    try:
        if _revision(store) == REVISIONS[-1]:
            return _held_to(path, store)
    except BaseException:
        store.close()
        raise
    store.close()
    return None


def _opened(url: str, path: Path | None) -> Store:
    store = Store(url, _engine(url, path))
    try:
        if path is not None:
            with plain_errors(_name(url)), store.engine.connect() as connection:
                _use_wal(_driver(connection))
        _bring_up_to_date(store)
    except BaseException:
        store.close()
        raise
    return store if path is None else _held_to(path, store)


def _held_to(path: Path, store: Store) -> Store:
    """Let nothing be made in the place of a file that is taken away."""
    store.seen = stamp_of(path)
    event.listen(store.engine, "do_connect", partial(_connect_existing, existing(path)))
    return store


def existing(path: Path) -> str:
    """Return the name by which SQLite opens a file that is there, and makes none."""
    return f"file:{quote(str(path))}?mode=rw"


def _connect_existing(
    name: str, _: object, __: object, words: list[str], options: dict[str, object]
) -> None:
    words[:], options["uri"] = [name], True


def _opened_copy(url: str, path: Path) -> Store:
    try:
        folder = TemporaryDirectory(prefix=f"{COPY_PREFIX}{os.getpid()}-")
    except OSError as error:
        why = f"no folder takes a copy to look into: {reason_of(error)}; set TMPDIR to another"
        raise UsageError(f"store {shown(path)}: {why}") from None
    here = Path(folder.name) / path.name
    seen = stamp_of(path, whole=True)
    store = Store(url, _engine(store_url(str(here)), here), folder, seen)
    try:
        for end in ("", "-wal"):
            if end == "" or path.with_name(path.name + end).exists():
                shutil.copyfile(f"{path}{end}", f"{here}{end}")
        _bring_up_to_date(store)
    except OSError as error:
        store.close()
        raise UsageError(f"store {shown(path)} cannot be read: {reason_of(error)}") from None
    except BaseException:
        store.close()
        raise
    return store


def _engine(url: str, path: Path | None) -> Engine:
    try:
        parsed = make_url(url)
        (parsed.host or "").encode("idna")  # as it is looked up
        of_file = {"connect_args": {"timeout": _BUSY_SECONDS}}
        engine = create_engine(parsed, **(of_file if path else server_options(parsed)))
    except (ArgumentError, NoSuchModuleError, ImportError, TypeError, ValueError) as error:
        raise UsageError(
            f"store {_shown(url)} cannot be opened: {first_line(error)}{way_out(error)}"
        ) from None
    if path is not None:
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    return engine


def _checked_path(url: str, *, create: bool) -> Path | None:
    try:
        path = sqlite_path(url)
    except (ArgumentError, ValueError):
        raise UsageError(
            f"store '{shown(mask_password(url))}' is no database URL; write a file like "
            f"studies.db, or {EXAMPLE}"
        ) from None
    if path is None:
        if make_url(url).get_backend_name() == "sqlite":
            raise UsageError(
                f"store '{shown(mask_password(url))}' would be gone with its process; name a file"
            )
        return None
    if make_url(url).query:
        raise UsageError(
            f"store '{shown(mask_password(url))}': a file takes no options; write it without '?'"
        )
    if path.exists() and not (path.is_dir() or path.is_file()):
        raise UsageError(f"store {shown(path)} is a device or a pipe; name a file")
    if path.is_dir():
        raise UsageError(
            f"store {shown(path)} is a folder; name a file in it, like {shown(path / 'studies.db')}"
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"store {shown(path)}: folder {shown(path.parent)} does not exist; make it first"
        )
    if not path.exists() and not create:
        raise UsageError(
            f"no store at {shown(path)}; start a search first, or name another with --store"
        )
    return path


def _set_pragmas(connection: SqliteConnection, _: ConnectionPoolEntry) -> None:
    # The driver must not open transactions of its own: _begin says which kind is meant.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _use_wal(connection: SqliteConnection) -> None:
    # SQLite does not wait here when two processes meet at a new file: its timeout is not heeded.
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA journal_size_limit={_MOST_WAL_BYTES}")
        except SqliteOperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    if immediate and "writes" not in connection.info:
        _use_wal(_driver(connection))
        connection.info["writes"] = True
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _driver(connection: Connection) -> SqliteConnection:
    driver: object = connection.connection.dbapi_connection
    assert isinstance(driver, SqliteConnection)
    return driver


def _bring_up_to_date(store: Store) -> None:
    if _revision(store) == REVISIONS[-1]:
        return
    with _migrating(store) as connection:
        if store.path is not None and not inspect(connection).get_table_names():
            make_tables(connection)
        else:
            upgrade(connection)


@contextmanager
def _migrating(store: Store) -> Iterator[Connection]:
    """One transaction that may rebuild tables: deleting the old one takes nothing else along.

    Whoever opens the store at the same time waits, and finds it done.
    """
    engine = store.engine.execution_options(immediate=True)
    with plain_errors(_name(store.url)), engine.connect() as connection:
        if store.path is not None:
            # Has no effect inside a transaction, and is of this connection alone.
            _driver(connection).execute("PRAGMA foreign_keys=OFF")
            connection.detach()
        with connection.begin():
            write_alone(connection)
            yield connection


def _revision(store: Store) -> str | None:
    with store.reading() as connection:
        return revision_in(connection, _name(store.url))


def _shown(url: str) -> str:
    path = sqlite_path(url)
    return shown(path or mask_password(url))


def _name(url: str) -> str:
    return f"store {_shown(url)}"
