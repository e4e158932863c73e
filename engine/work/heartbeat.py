"""The heartbeat: a thread of its own, so that a long step does not look like death."""

import logging
from threading import Event, Lock, Thread

from engine.errors import EngineError
from engine.store.connection import Store
from engine.store.leases import LeaseLostError, beat
from engine.store.workers import worker_beat
from engine.work.telemetry import Meter

BEAT_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Pulse(Thread):
    """Says every few seconds that the worker lives, how it does, and that it holds its run."""

    def __init__(self, store: Store, worker_id: int, device: str) -> None:
        super().__init__(name="pulse", daemon=True)
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
        """Beat for this run from now on; None: for no run. Returns when no beat is under way."""
        with self._holding:
            self._run_id = run_id

    def end(self) -> None:
        """Stop beating."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._beat()
            except EngineError as error:
                _log.warning("heartbeat not written: %s", error)

    def _beat(self) -> None:
        worker_beat(self._store, self._worker_id, self._meter.read())
        with self._holding:
            if self._run_id is None:
                return
            try:
                beat(self._store, self._run_id, self._worker_id)
            except LeaseLostError:
                # The loop that learns finds out at its next step and lets go.
                self._run_id = None
