"""The heartbeat of a worker, with its telemetry: a thread, so that a long step is no death.

The thread survives whatever goes wrong in it. A worker that cannot beat all the same ends: others
take it for dead and its run for theirs.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final, TypeVar

import psutil
import pynvml
from msgspec.structs import replace

from engine.errors import EngineError, StorageError
from engine.store.connection import Store
from engine.store.leases import LeaseLostError
from engine.store.run_states import beat_for_run
from engine.store.states import LOST_AFTER
from engine.store.workers import Telemetry, beat_for_worker
from engine.work.machine import usable_gpus

HEARTBEAT_SECONDS: Final = 2.0
_MOST_SILENT_SECONDS: Final = 4 * LOST_AFTER
"""After which the worker ends, unless the store is in trouble, for which it waits longer."""

Value = TypeVar("Value")

_log = logging.getLogger(__name__)


class Heartbeat(Thread):
    """Says every few seconds that the worker lives, how it does, and that it holds its runs.

    Args:
        store: where it says so.
        worker_id: the worker's.
        device: whose telemetry goes along.
        ending: set when the worker is to give its run back and end; it is set here where the
            worker cannot beat.
        waits_for: says which trouble the worker waits to be over.
    """

    def __init__(
        self,
        store: Store,
        worker_id: int,
        device: str,
        ending: Event,
        waits_for: Callable[[], str | None] = lambda: None,
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._store = store
        self._worker_id = worker_id
        self._meter = Meter(device)
        self._run_ids: set[int] = set()
        self._holding = Lock()
        self._ended = Event()
        self._store_file = _file_identity(store.path)
        self._beat_at = time.monotonic()
        self._trouble: str | None = None
        self._ending = ending
        self._waits_for = waits_for
        self.end_reason: str | None = None
        """Why the worker must end; None: it was asked to."""

    @property
    def end_is_asked(self) -> bool:
        """Whether a signal asked the worker to end, or it cannot beat any more."""
        has_died = self.ident is not None and not self.is_alive() and not self._ended.is_set()
        if has_died:
            self._must_end("its heartbeat died")
        return self._ending.is_set()

    @property
    def run_ids(self) -> frozenset[int]:
        """The runs that it beats for."""
        with self._holding:
            return frozenset(self._run_ids)

    def hold(self, run_id: int) -> None:
        """Beat for this run too from now on."""
        with self._holding:
            self._run_ids.add(run_id)

    def let_go(self, run_id: int) -> None:
        """Beat for this run no more. Returns when no beat is under way."""
        with self._holding:
            self._run_ids.discard(run_id)

    def end(self) -> None:
        """Stop beating."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS):
            self.beat()

    def beat(self) -> None:
        """Beat once, whatever happens; ask the worker to end where that fails for too long."""
        try:
            self._require_store()
            self._write_heartbeat()
        except Exception as error:  # whatever it is, the next beat may come through
            self._say_once(error)
            silent = time.monotonic() - self._beat_at
            if silent > _MOST_SILENT_SECONDS and not isinstance(error, StorageError):
                self._must_end(f"it could not beat for {silent:.0f} s: {error}")
        else:
            if self._trouble is not None:
                _log.info("the heartbeat is written again")
            self._trouble = None
            self._beat_at = time.monotonic()

    def _require_store(self) -> None:
        """See that what is written still reaches others: an open file outlives its deletion."""
        if self._store_file is None:
            return
        try:
            is_there = _file_identity(self._store.path) == self._store_file
        except OSError:  # a disk or a network in trouble, which may pass
            return
        if not is_there:
            self._must_end(f"its store {self._store.path} was removed or replaced")

    def _must_end(self, reason: str) -> None:
        if not self._ending.is_set():
            self.end_reason = reason
            _log.error("the worker must end: %s", reason)
            self._ending.set()

    def _say_once(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if text != self._trouble:
            unknown = not isinstance(error, EngineError)
            _log.warning("heartbeat not written: %s", error, exc_info=unknown)
        self._trouble = text

    def _write_heartbeat(self) -> None:
        doing = replace(self._meter.read(), waits_for=self._waits_for())
        beat_for_worker(self._store, self._worker_id, doing)
        with self._holding:
            for run_id in tuple(self._run_ids):
                try:
                    beat_for_run(self._store, run_id, self._worker_id)
                except LeaseLostError:
                    # The loop that learns finds out at its next step and lets go.
                    self._run_ids.discard(run_id)


class Meter:
    """Measures this process; the first CPU share it gives is 0."""

    def __init__(self, device: str) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._gpu = _gpu_handle(device)

    def read(self) -> Telemetry:
        """Return CPU share (100 = one core), memory in bytes, and the GPU's where there is one.

        What a meter does not tell, as parts of a GPU do not, is None; a share of the CPU is 0.
        """
        gpu, process = self._gpu, self._process
        return Telemetry(
            cpu_percent=_if_told(process.cpu_percent) or 0.0,
            memory_bytes=_if_told(lambda: process.memory_info().rss),
            gpu_percent=gpu
            and _if_told(lambda: float(pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu)),
            gpu_memory_bytes=gpu
            and _if_told(lambda: int(pynvml.nvmlDeviceGetMemoryInfo(gpu).used)),
        )


def _if_told(ask: Callable[[], Value]) -> Value | None:
    try:
        return ask()
    except (pynvml.NVMLError, psutil.Error, OSError, ValueError):
        return None


def _file_identity(path: Path | None) -> tuple[int, int] | None:
    """Return what tells a file from another of its name; None where there is none.

    Raises:
        OSError: that cannot be told just now.
    """
    if path is None:
        return None
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _gpu_handle(device: str) -> Any:  # noqa: ANN401 - NVML's own handle
    kind, _, index = device.partition(":")
    gpus = usable_gpus() if kind == "cuda" else []
    return dict(enumerate(gpus)).get(int(index or 0))
