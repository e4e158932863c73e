"""The heartbeat of a worker, with its telemetry: a thread, so that a long step is no death."""

import logging
from threading import Event, Lock, Thread
from typing import Any

import psutil
import pynvml

from engine.errors import EngineError
from engine.store.connection import Store
from engine.store.run_states import LeaseLostError, beat_for_run
from engine.store.workers import Telemetry, beat_for_worker

HEARTBEAT_SECONDS = 2.0
_log = logging.getLogger(__name__)


class Heartbeat(Thread):
    """Says every few seconds that the worker lives, how it does, and that it holds its run."""

    def __init__(self, store: Store, worker_id: int, device: str) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._store = store
        self._worker_id = worker_id
        self._meter = Meter(device)
        self._run_id: int | None = None
        self._holding = Lock()
        self._ended = Event()
        self._end_asked = Event()

    @property
    def end_is_asked(self) -> bool:
        """Whether a signal asked the worker to end."""
        return self._end_asked.is_set()

    def ask_to_end(self) -> None:
        """Let the worker give its run back and end; safe to call from a signal handler."""
        self._end_asked.set()

    def hold(self, run_id: int | None) -> None:
        """Beat for this run from now on; None: for no run. Returns when none is under way."""
        with self._holding:
            self._run_id = run_id

    def end(self) -> None:
        """Stop beating."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS):
            try:
                self._write_heartbeat()
            except EngineError as error:
                _log.warning("heartbeat not written: %s", error)

    def _write_heartbeat(self) -> None:
        beat_for_worker(self._store, self._worker_id, self._meter.read())
        with self._holding:
            if self._run_id is None:
                return
            try:
                beat_for_run(self._store, self._run_id, self._worker_id)
            except LeaseLostError:
                # The loop that learns finds out at its next step and lets go.
                self._run_id = None


class Meter:
    """Measures this process; the first CPU share it gives is 0."""

    def __init__(self, device: str) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._gpu = _gpu_handle(device)

    def read(self) -> Telemetry:
        """Return CPU share (100 = one core), memory in bytes, and the GPU's where there is one."""
        with self._process.oneshot():
            cpu, memory = self._process.cpu_percent(), self._process.memory_info().rss
        if self._gpu is None:
            return Telemetry(cpu_percent=cpu, memory_bytes=memory)
        return Telemetry(
            cpu_percent=cpu,
            memory_bytes=memory,
            gpu_percent=float(pynvml.nvmlDeviceGetUtilizationRates(self._gpu).gpu),
            gpu_memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(self._gpu).used),
        )


def _gpu_handle(device: str) -> Any:  # noqa: ANN401 - NVML's own handle
    if not device.startswith("cuda"):
        return None
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByIndex(int(device.partition(":")[2] or 0))
    except pynvml.NVMLError:
        return None
