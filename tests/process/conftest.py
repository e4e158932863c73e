"""Real workers on real stores, with a backbone and tasks so small that seconds are enough.

What tests here start with ``subprocess.Popen``, be it through the engine or the command line, is
forked from a process that has the libraries loaded (``tests/forking.py``). A test that is about the
start itself, or about what is read while libraries are loaded, has the mark ``as_typed``.
"""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import torch
from msgspec.structs import replace

from engine.learning.events import Measured
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.spec import Protocol, RunSpec, SearchSettings, StudySpec
from engine.store.connection import Store, open_store
from engine.store.measurements import MeasurementRecord
from engine.store.workers import living_workers
from engine.work.supervisor import WorkerSettings, start_worker
from tests.tiny import tiny_backbone, tiny_tasks

PATIENCE = 180.0
LEARNS_WELL = 3e-3


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="session")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_tasks(tmp_path_factory.mktemp("tasks"), train_rows=128)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _forked(forked: None) -> None:
    """Fork what is started here."""


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return str(tmp_path / "studies.db")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    for worker in living_workers(store) if store.path is None or store.path.exists() else ():
        kill(worker.identity.pid)
    store.close()


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return Protocol(epochs=3, measures_per_epoch=2, retention_rows=16, batch_size=4)


@pytest.fixture(scope="session")
def run_spec(backbone: Path, tasks: Path, protocol: Protocol) -> RunSpec:
    return RunSpec(
        sequence=("mood", "agree"),
        data=str(tasks),
        model=str(backbone),
        method="flat",
        options={"lr": LEARNS_WELL},
        protocol=protocol,
        seed=7,
        device="cpu",
    )


@pytest.fixture(scope="session")
def undisturbed(run_spec: RunSpec) -> list[MeasurementRecord]:
    """What the run measures when nothing happens to it, and no worker is about."""
    return measured_by(prepare(run_spec))


@pytest.fixture(scope="session")
def short_spec(run_spec: RunSpec) -> RunSpec:
    """Return a run that is over soon: for tests that need not be in time for the midst of it."""
    return replace(run_spec, protocol=replace(run_spec.protocol, epochs=1, train_rows=32))


@pytest.fixture(scope="session")
def short_undisturbed(short_spec: RunSpec) -> list[MeasurementRecord]:
    """What the short run measures when nothing happens to it, and no worker is about."""
    return measured_by(prepare(short_spec))


@pytest.fixture
def study_spec(backbone: Path, tasks: Path, protocol: Protocol) -> StudySpec:
    return StudySpec(
        name="tiny",
        sequence=("mood", "agree"),
        data=str(tasks),
        model=str(backbone),
        protocol=protocol,
        search=SearchSettings(
            trials=4, body_bounds=(1e-4, 1e-2), head_bounds=(1e-4, 1e-2), warm_starts=False
        ),
        device="cpu",
    )


@pytest.fixture
def start(store: Store) -> Callable[..., int]:
    """Start a worker that checkpoints after every step; return its pid."""

    def start_one(*, until_idle: bool = True, stack: int = 1) -> int:
        settings = WorkerSettings(
            store=store.url,
            device="cpu",
            threads=1,
            until_idle=until_idle,
            stack=stack,
            checkpoint_seconds=0,
        )
        return start_worker(store, settings)

    return start_one


def measured_by(learner: SequenceLearner) -> list[MeasurementRecord]:
    """Learn to the end, here; return what is measured, in the order of the store."""
    torch.set_num_threads(1)
    records = [
        MeasurementRecord(
            step=event.step,
            stage=event.stage,
            task=item.task,
            split=item.split,
            accuracy=item.accuracy,
            loss=item.loss,
            macro_f1=item.macro_f1,
        )
        for event in learner.events()
        if isinstance(event, Measured)
        for item in event.measurements
    ]
    return sorted(records, key=lambda record: (record.step, record.task, record.split))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds; fail when it does not in good time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {what}"
        time.sleep(0.05)


def wait_for_end(pid: int) -> None:
    """Wait until that process of ours has ended."""
    wait_for(lambda: not _runs(pid), f"process {pid} to end")


def kill(pid: int) -> None:
    """``kill -9``, and wait until it is gone."""
    if _runs(pid):
        psutil.Process(pid).send_signal(signal.SIGKILL)
        wait_for_end(pid)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
