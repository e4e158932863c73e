"""What a worker does first, on the machine that it was placed on."""

import os
import socket
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.places.named import CHECKPOINTS
from engine.store.connection import open_store
from engine.store.workers import living_workers
from engine.work.launchers.placed import PlacedWorker
from engine.work.supervisor import WorkerSettings


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a worker sets for its own process end with the test."""
    monkeypatch.setenv("GOMP_SPINCOUNT", "1")
    monkeypatch.setenv(CHECKPOINTS.variable, "")


def test_it_stands_in_the_store_before_its_libraries_are_loaded(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    begun = PlacedWorker(WorkerSettings(store=store.url, device="cpu"), {}).begin()
    (worker,) = living_workers(store)
    assert (worker.id, worker.identity.pid, worker.device) == (begun.worker_id, os.getpid(), "cpu")
    assert begun.host == socket.gethostname()
    store.close()


def test_a_store_that_its_machine_does_not_have_is_named_with_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.db"
    worker = PlacedWorker(WorkerSettings(store=f"sqlite:///{path}"), {})
    said = f"{socket.gethostname()} cannot work for sqlite:///{path}: there is no such file"
    with pytest.raises(UsageError, match=said):
        worker.begin()
    assert not path.exists()


def test_so_is_a_place_of_checkpoints(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "studies.db"))
    worker = PlacedWorker(
        WorkerSettings(store=store.url), {CHECKPOINTS.variable: str(tmp_path / "nowhere")}
    )
    with pytest.raises(UsageError, match=r"cannot work for .* there is no folder .*nowhere"):
        worker.begin()
    assert living_workers(store) == []
    store.close()
