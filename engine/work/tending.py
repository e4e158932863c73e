"""Seeing to it that somebody works for as long as somebody waits."""

import time
from typing import Final

from engine.errors import EngineError, StorageError
from engine.store.connection import Store
from engine.store.states import LOST_AFTER
from engine.store.workers import living_workers, require_writable
from engine.work.supervisor import ensure_workers

_TEND_SECONDS: Final = 5.0
_MOST_STARTS: Final = 4
"""Times that workers are started without anything getting on."""


class Tender:
    """Starts workers, and others in their place where they were killed.

    Args:
        store: the store they work for.
        slots: how many there shall be; None: as many as the machine has room for.
        device: where they learn.
        stack: how many trials each learns together.
    """

    def __init__(
        self, store: Store, *, slots: int | None = None, device: str = "auto", stack: int = 1
    ) -> None:
        self._store = store
        self._stack = stack
        self._slots = slots
        self._device = device
        self._looked_at = float("-inf")
        self._starts = 0
        self._progress: object = None
        self.trouble: str | None = None
        """What workers wait for that cannot say so in the store."""

    def tend(self, progress: object) -> None:
        """Look after the workers, now and then.

        Args:
            progress: anything that changes when work gets on; None: it is paused, so that
                nobody is missing.

        Raises:
            EngineError: workers end as soon as they are started.
        """
        if progress is None:
            return
        if progress != self._progress:
            self._progress, self._starts, self.trouble = progress, 0, None
        now = time.monotonic()
        if now - self._looked_at < _TEND_SECONDS:
            return
        self._looked_at = now
        self.trouble = _trouble_of(self._store)
        if ensure_workers(
            self._store.url, slots=self._slots, device=self._device, stack=self._stack
        ):
            self._starts += 1
        if self._starts > _MOST_STARTS:
            logs = self._store.folder / "worker-*.log"
            raise EngineError(f"workers end as soon as they are started; {logs} say why")


def _trouble_of(store: Store) -> str | None:
    """Return what keeps workers from being heard; None where one is, or nothing does."""
    workers = living_workers(store)
    if not workers or any(worker.silent < LOST_AFTER for worker in workers):
        return None
    try:
        require_writable(store)
    except StorageError as trouble:
        return str(trouble)
    return None
