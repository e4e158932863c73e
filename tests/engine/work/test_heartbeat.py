"""A heart that goes on beating, and a worker that ends where it cannot."""

import errno
import os
import time
from pathlib import Path
from threading import Event
from unittest.mock import Mock

import pynvml
import pytest
from sqlalchemy import select, update

from engine.errors import StorageError
from engine.store.connection import Store
from engine.store.run_states import claim_run, create_run
from engine.store.schema import run, worker
from engine.store.workers import Telemetry
from engine.work import heartbeat as module
from engine.work.heartbeat import Heartbeat, Meter
from tests.engine.store.conftest import new_worker, run_spec

_BEATS = select(worker.c.heartbeat_at, run.c.heartbeat_at).join_from(
    run, worker, worker.c.id == run.c.worker_id
)


@pytest.fixture
def heart(store: Store) -> Heartbeat:
    """Return the heart of a worker that holds run 1; it beats when it is told to."""
    worker_id, run_id = new_worker(store), create_run(store, run_spec())
    claim_run(store, worker_id, threads=1)
    heart = Heartbeat(store, worker_id, "cpu", Event())
    heart.hold(run_id)
    return heart


def beats(store: Store) -> tuple[float, float]:
    """Return when worker and run were last heard of, and forget it."""
    with store.writing() as connection:
        found = connection.execute(_BEATS).one()
        connection.execute(update(worker).values(heartbeat_at=0.0))
        connection.execute(update(run).values(heartbeat_at=0.0))
    return found[0], found[1]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(module, "beat_for_worker", fail)


def test_it_says_what_the_worker_waits_for(store: Store) -> None:
    troubles = ["the disk is full", None]
    heart = Heartbeat(store, new_worker(store), "cpu", Event(), lambda: troubles.pop(0))
    for said in tuple(troubles):
        heart.beat()
        with store.reading() as connection:
            assert connection.execute(select(worker.c.waits_for)).scalar_one() == said


@pytest.mark.parametrize("error", [OverflowError("too large"), RuntimeError("a bug")])
def test_it_survives_anything_and_says_it_once(
    heart: Heartbeat,
    store: Store,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    with monkeypatch.context() as patch:
        fail_with(patch, error)
        heart.beat()
        heart.beat()
    beats(store)
    heart.beat()
    assert min(beats(store)) > 0
    assert not heart.end_is_asked
    assert [record.getMessage() for record in caplog.records] == [
        f"heartbeat not written: {error}",
        "the heartbeat is written again",
    ]


def test_a_worker_that_cannot_beat_for_long_ends(
    heart: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, RuntimeError("a bug"))
    heart.beat()
    assert not heart.end_is_asked
    later = time.monotonic() + 1000
    monkeypatch.setattr(time, "monotonic", lambda: later)
    heart.beat()
    assert heart.end_is_asked
    assert "it could not beat for 1000 s: a bug" in (heart.end_reason or "")


def test_trouble_of_the_store_is_waited_for_by_the_worker_itself(
    heart: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, StorageError("locked"))
    later = time.monotonic() + 1000
    monkeypatch.setattr(time, "monotonic", lambda: later)
    heart.beat()
    assert not heart.end_is_asked


def test_a_worker_whose_heart_died_ends(heart: Heartbeat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "run", lambda: None)
    heart.start()
    heart.join()
    assert heart.end_is_asked
    assert heart.end_reason == "its heartbeat died"


def test_a_worker_whose_store_was_removed_or_replaced_ends(heart: Heartbeat, store: Store) -> None:
    heart.beat()
    assert not heart.end_is_asked
    assert store.path is not None
    store.path.rename(store.path.with_name("elsewhere.db"))
    heart.beat()
    assert heart.end_is_asked
    assert heart.end_reason == f"its store {store.path} was removed or replaced"


def test_a_store_that_cannot_be_looked_for_just_now_ends_no_worker(
    heart: Heartbeat, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat

    def fail(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path == store.path:
            raise OSError(errno.EIO, "Input/output error")
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", fail)
    heart.beat()
    assert not heart.end_is_asked


def test_a_gpu_that_does_not_tell_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """As parts of one (MIG) do not say how busy they are."""

    def refuse(*_: object) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(module, "usable_gpus", lambda: [object()])
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", refuse)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", refuse)
    told: Telemetry = Meter("cuda:0").read()
    assert (told.gpu_percent, told.gpu_memory_bytes) == (None, None)
    assert told.memory_bytes
    assert told.cpu_percent is not None


@pytest.mark.parametrize(("device", "memory"), [("cuda", 30), ("cuda:1", 10), ("cuda:2", None)])
def test_a_gpu_is_the_one_that_torch_calls_so(
    device: str, memory: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under ``CUDA_VISIBLE_DEVICES=3,1``."""
    monkeypatch.setattr(module, "usable_gpus", lambda: [3, 1])
    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", lambda _: Mock(gpu=0))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda gpu: Mock(used=10 * gpu))
    assert Meter(device).read().gpu_memory_bytes == memory
