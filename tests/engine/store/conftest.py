"""An empty store, and what to fill it with."""

import os
import pwd
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, update

import engine.store.migrations
from engine.spec import Protocol, RunSpec, SearchSettings, StudySpec
from engine.store.connection import Store, open_store
from engine.store.run_states import claim_run, create_run
from engine.store.schema import run
from engine.store.states import LOST_AFTER
from engine.store.studies import create_study
from engine.store.workers import WorkerIdentity, register_worker


@pytest.fixture
def store(any_store: str) -> Iterator[Store]:
    store = open_store(any_store)
    yield store
    store.close()


@contextmanager
def older_store(path: Path, revision: str) -> Iterator[Connection]:
    """Make a store as the version with that schema did, to be filled."""
    database = create_engine(f"sqlite:///{path}")
    with database.begin() as connection:
        config = Config()
        config.set_main_option("script_location", engine.store.migrations.__path__[0])
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection
    database.dispose()


def study_spec(
    name: str = "sst2-mrpc",
    *,
    trials: int = 3,
    budget: float | None = None,
    model: str = "bert",
    grouping: str = "paper",
) -> StudySpec:
    return StudySpec(
        name=name,
        sequence=("sst2", "mrpc"),
        data="hub",
        model=model,
        protocol=Protocol(grouping=grouping),  # type: ignore[arg-type]
        search=SearchSettings(trials=trials, budget_epochs=budget),
    )


def run_spec(rates: tuple[float, ...] | None = None) -> RunSpec:
    return RunSpec(
        sequence=("sst2", "mrpc"), data="hub", model="bert", method="flat", learning_rates=rates
    )


def new_study(store: Store, name: str = "sst2-mrpc", *, trials: int = 3) -> int:
    return create_study(store, study_spec(name, trials=trials))


def new_trial(store: Store, study_id: int, number: int, study: StudySpec | None = None) -> int:
    spec = (study or study_spec()).trial(number, (1e-5, 1e-5))
    return create_run(store, spec, study_id=study_id, number=number)


def new_worker(store: Store, pid: int = 100) -> int:
    identity = WorkerIdentity(host="here", pid=pid, process_start=1000.0)
    return register_worker(store, identity, device="cpu", threads=1, log_file=None)


def kill_holder(store: Store, run_id: int) -> None:
    """Make the run's heartbeat as old as that of a process which was killed."""
    with store.writing() as connection:
        connection.execute(
            update(run)
            .where(run.c.id == run_id)
            .values(heartbeat_at=run.c.heartbeat_at - LOST_AFTER - 1)
        )


@contextmanager
def meanwhile(do: Callable[[], object]) -> Iterator[None]:
    """Let somebody else do something once runs or studies were asked for the first time."""
    left = [do]

    def asked(*told: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        statement = str(told[2])
        if left and statement.startswith("SELECT") and re.search("cl_run|cl_study", statement):
            left.pop()()

    event.listen(Engine, "after_cursor_execute", asked)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", asked)
    assert not left


@pytest.fixture
def folder_of_anyone() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may write anywhere: be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def held(store: Store) -> tuple[int, int]:
    """A run and the worker that holds it."""
    run_id, worker_id = create_run(store, run_spec()), new_worker(store)
    claim_run(store, worker_id, threads=1)
    return run_id, worker_id
