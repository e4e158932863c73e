"""A real PostgreSQL server for tests, where its programs are found.

Each process of pytest has its own: one may be stopped and started again, and nobody else's tests
notice. It lies in a temporary folder, is reached by a socket in it, and ends with its process.
Texts are compared as people of a country do, not byte by byte, as on most servers.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import URL, Engine, create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from engine.store.connection import Store, open_store
from engine.store.schema import VERSION_TABLE

PASSWORD: Final = "o:p/en@sesame"
GUARDED: Final = "guarded"
"""A role that must give the password; all others need none."""
_ADMIN: Final = "postgres"
_OLDEST: Final = 15
_PATIENCE: Final = 60.0
_KEPT: Final = (VERSION_TABLE, "version_info", "alembic_version")
"""Tables that say which versions of ours and of Optuna made the others."""
_INITDB: Final = (
    "--no-sync",
    "--wal-segsize=1",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=icu",
    "--icu-locale=en-US",
    f"--username={_ADMIN}",
)
_COUNT_ANEW: Final = (
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) "
    "FROM pg_sequences"
)
_STATEMENT: Final = re.compile(r" LOG:  (statement|execute [^:]*): ")
_OPTIONS: Final = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
}


class PostgresServer:
    """A server with databases for tests.

    Args:
        programs: where they are.
        folder: for its files.
        port: by which other hosts reach it; None: none does.
    """

    def __init__(self, programs: Path, folder: Path, port: int | None = None) -> None:
        self._port = port
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._admin = create_engine(
            self.url("postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
        )
        self._common: Store | None = None
        self._read = 0
        """Letters of its log."""

    def url(self, database: str, user: str = _ADMIN, password: str | None = None) -> str:
        """Return how a database of this server is named, which need not exist."""
        parts = URL.create(
            "postgresql+psycopg",
            username=user,
            password=password,
            port=self._port,
            database=database,
            query={"host": str(self._folder)},
        )
        return parts.render_as_string(hide_password=False)

    def begin(self) -> None:
        """Make the server's files, and start it."""
        data = self._folder / "data"
        self._run("initdb", *_INITDB, "-D", str(data))
        rules = data / "pg_hba.conf"
        of_hosts = "host all all 10.0.0.0/8 trust\n" if self._port else ""
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{of_hosts}{rules.read_text()}")
        self.start()
        self._sql(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {**_OPTIONS, "unix_socket_directories": str(self._folder)}
        if self._port is not None:
            options |= {"listen_addresses": "*", "port": str(self._port)}
        words = [f"-c{name}={value}" for name, value in options.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._words("postgres", "-D", str(self._folder / "data"), *words),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            said = (self._folder / "log").read_text()
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it as its administrator does: whoever is connected is cut off."""
        self._send(signal.SIGINT)

    def end(self) -> None:
        """Stop it for good."""
        if self._common is not None:
            self._common.close()
        self._admin.dispose()
        self._send(signal.SIGQUIT)

    def _send(self, ending: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(ending)
            self._process.wait(_PATIENCE)
            self._process = None

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Yield the URL of an empty database."""
        name = f"test_{next(self._numbers)}"
        self._sql(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self._sql(f"DROP DATABASE {name} WITH (FORCE)")

    def emptied_store(self) -> str:
        """Return the URL of a store that has all tables, and nothing in them; always the same.

        That takes a fifth of the time of a new database.
        """
        if self._common is None:
            self._sql("CREATE DATABASE common")
            self._common = open_store(self.url("common"))
        empty(self._common.engine)
        return self._common.url

    def log_statements(self, url: str) -> None:
        """Let whoever connects to this database from now on have each statement logged."""
        self._sql(f"ALTER DATABASE {make_url(url).database} SET log_statement = 'all'")
        self.statements()

    def statements(self) -> Sequence[str]:
        """Return what was asked since the last call, in databases whose statements are logged."""
        log = (self._folder / "log").read_text()
        new, self._read = log[self._read :], len(log)
        return [line for line in new.splitlines() if _STATEMENT.search(line)]

    def _answers(self) -> bool:
        try:
            self._sql("SELECT 1")
        except OperationalError:
            return False
        return True

    def _sql(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def _run(self, program: str, *words: str) -> None:
        ran = subprocess.run(
            self._words(program, *words), cwd="/", capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr

    def _words(self, program: str, *words: str) -> Sequence[str]:
        """Return how a program is started as somebody who is not root, to end with this process."""
        setpriv = shutil.which("setpriv")
        command = [str(self._programs / program), *words]
        if setpriv is None:
            return command
        owner = self._folder.stat()
        as_owner = [f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
        return [setpriv, "--pdeathsig=QUIT", *(as_owner if os.geteuid() == 0 else ()), *command]


def empty(engine: Engine) -> None:
    """Delete every row of a store, and count from 1 again.

    TRUNCATE would make new files of all tables and indexes, which takes ten times as long.
    """
    with engine.begin() as connection:
        names = set(inspect(connection).get_table_names()) - set(_KEPT)
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # in any order
        connection.execute(text("; ".join(f"DELETE FROM {name}" for name in sorted(names))))
        connection.execute(text(_COUNT_ANEW))


@contextmanager
def postgres_server(*, network: bool = False) -> Iterator[PostgresServer]:
    """Yield a server that runs; skip the test where there can be none.

    Args:
        network: whether other hosts reach it.
    """
    programs = _programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL {_OLDEST} or newer is found here: apt-get install postgresql")
    user = _user()
    if user is None:
        pytest.skip("PostgreSQL does not run as root, and there is nobody else, or no setpriv")
    # Short, as the name of a socket must be, and where others may go.
    with tempfile.TemporaryDirectory(prefix="bertcl-pg-", dir="/tmp") as name:
        os.chown(name, user.pw_uid, user.pw_gid)
        server = PostgresServer(programs, Path(name), free_port() if network else None)
        try:
            server.begin()
            yield server
        finally:
            server.end()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as door:
        door.bind(("", 0))
        port: int = door.getsockname()[1]
        return port


def _programs() -> Path | None:
    """Return the folder of the newest PostgreSQL of this machine that is new enough."""
    found = {
        int(folder.parent.name): folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdecimal() and (folder / "initdb").exists()
    }
    newest = max(found, default=0)
    return found[newest] if newest >= _OLDEST else None


def _user() -> pwd.struct_passwd | None:
    """Return as whom the server runs."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    names = {user.pw_name: user for user in pwd.getpwall()}
    others = [names[name] for name in ("postgres", "nobody") if name in names]
    return others[0] if others and shutil.which("setpriv") else None
