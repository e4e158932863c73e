"""Seeing to it that somebody works while a command waits."""

import time
from typing import Final

from engine.errors import EngineError
from engine.store.connection import Store
from engine.work.supervisor import ensure_workers

_LOOK_SECONDS: Final = 5.0
_MOST_STARTS: Final = 4
"""Times that workers are started without anything getting on."""


class Tender:
    """Starts workers, and others in their place where they were killed.

    Args:
        store: the store they work for.
        slots: how many there shall be; None: as many as the machine has room for.
        device: where they learn.
    """

    def __init__(self, store: Store, *, slots: int | None = None, device: str = "auto") -> None:
        self._store = store
        self._slots = slots
        self._device = device
        self._looked_at = float("-inf")
        self._starts = 0
        self._progress: object = None

    def tend(self, progress: object) -> None:
        """Look after the workers, now and then.

        Args:
            progress: anything that changes when work gets on.

        Raises:
            EngineError: workers end as soon as they are started.
        """
        if progress != self._progress:
            self._progress, self._starts = progress, 0
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        if ensure_workers(self._store.url, slots=self._slots, device=self._device):
            self._starts += 1
        if self._starts > _MOST_STARTS:
            logs = self._store.folder / "worker-*.log"
            raise EngineError(f"workers end as soon as they are started; {logs} say why")
