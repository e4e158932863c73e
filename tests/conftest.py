"""What every test may rely on, and in which order and on which core tests are run."""

import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copyfile
from typing import Any

import psutil
import pytest
from hypothesis import settings
from sqlalchemy import Connection, Dialect, Engine, event
from xdist.scheduler import LoadFileScheduling

from engine.store.connection import open_store, store_url
from tests.forking import CAN_FORK, end_forks, forking, forks
from tests.postgres import PostgresServer, postgres_server

# Threads that wait for each other sleep: where they spin, what they wait for gets no core from the
# other tests, and learning takes ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Nor has what is as small as in tests any use for more than one thread of linear algebra.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Garbage is looked for more rarely than usual: each app leaves much of it, and every look goes
# through the libraries that tests load.
gc.set_threshold(50_000, 20, 20)
# What is begun in the background of a script ignores Ctrl-C, and so would the commands of tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same examples each time: what is new is looked for by `make torture`, with time to mend it.
settings.register_profile("suite", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("torture", max_examples=10_000, deadline=None)
settings.load_profile("suite")  # another by --hypothesis-profile


class _Compiled(dict[tuple[Any, ...], Any]):
    """Statements as they were compiled for a kind of database, whichever store it is.

    Each store that is opened would compile them anew, which is half of what a short test does.
    """

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:  # noqa: ANN401 - a dict's
        return super().get(_of_kind(key), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:  # noqa: ANN401 - a dict's
        super().__setitem__(_of_kind(key), compiled)


def _of_kind(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(type(part) if isinstance(part, Dialect) else part for part in key)


_COMPILED = _Compiled()


@event.listens_for(Engine, "engine_connect")
def _share_compiled(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)


_HERE = Path(__file__).parent
_BY_FOLDER = {
    "process": _HERE / "process",
    "snapshot": _HERE / "bertcl_tui/snapshots",
    "long": _HERE / "engine/learning",
}
_BY_FIXTURE = {"app": "open_app"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and run those first that take longest."""
    for item in items:
        for mark, folder in _BY_FOLDER.items():
            if folder in item.path.parents:
                item.add_marker(mark)
        for mark, fixture in _BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, bool]:
    """First what has workers and is handed out one by one, then what has other processes."""
    in_folder = _BY_FOLDER["process"] in item.path.parents
    return not in_folder, item.get_closest_marker("process") is None


def pytest_collection_finish() -> None:
    """Keep what was loaded out of every later look for garbage: it takes a third of a second.

    And let torch use one thread: more wait for each other longer than tiny models take.
    """
    gc.collect()
    gc.freeze()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:  # noqa: ANN401 - xdist's own
    """Hand out files whole, and tests with processes one by one: those mostly wait."""
    config.option.loadscopereorder = False
    return _FilesAndProcesses(config, log)


class _FilesAndProcesses(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith("tests/process/") else super()._split_scope(nodeid)


@pytest.fixture(scope="session")
def place_of_forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where forks are to be had: the same place for all workers of pytest."""
    folder = tmp_path_factory.getbasetemp()
    with forks(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) as place:
        yield place


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return a server of this process's own; skip where there can be none."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store of no rows, to be copied: to make one takes ten times as long."""
    path = tmp_path_factory.mktemp("empty") / "studies.db"
    open_store(str(path)).close()
    return path


@pytest.fixture(params=("sqlite", "postgresql"))
def any_store(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    empty_store: Path,
) -> str:
    """Return the URL of an empty store: of a file, then of a server."""
    if request.param == "sqlite":
        return store_url(str(copyfile(empty_store, tmp_path / "studies.db")))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.emptied_store()


@pytest.fixture
def forked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Fork the processes of ours that a test starts, unless it shall start them as typed."""
    if request.node.get_closest_marker("as_typed") or not CAN_FORK:
        yield
        return
    with forking(request.getfixturevalue("place_of_forks")):
        yield
        end_forks(tmp_path)


@pytest.fixture(autouse=True)
def _no_worker_outlives_its_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Workers are detached on purpose; those of a test's own stores end with it."""
    yield
    folder = getattr(request.node, "funcargs", {}).get("tmp_path")
    if folder is not None and _may_have_started_workers(request.node, folder):
        left = [process for process in psutil.process_iter() if _works_in(folder, process)]
        for process in left:
            process.kill()
        psutil.wait_procs(left)


def _may_have_started_workers(test: pytest.Item, folder: Path) -> bool:
    """Whether it is worth asking every process: a worker that was started has a log file."""
    is_process_test = test.get_closest_marker("process") is not None
    return is_process_test or any(folder.rglob("worker-*.log"))


def _works_in(folder: Path, process: psutil.Process) -> bool:
    try:
        command: Sequence[str] = process.cmdline()
    except psutil.Error:
        return False
    return "engine.work" in command and any(str(folder) in word for word in command)
