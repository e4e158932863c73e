"""When a run's state is written, and where it lies."""

import shutil
import time
from pathlib import Path

from engine.learning.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from engine.learning.learner import SequenceLearner
from engine.store.connection import Store

_LEAST_SHARE = 20
"""A checkpoint may cost at most a twentieth of the time since the one before it."""


class CheckpointKeeper:
    """Keeps the last checkpoint of one run."""

    def __init__(self, store: Store, run_id: int, *, every_seconds: float) -> None:
        self._folder = store.folder / f"run-{run_id}"
        self._every = every_seconds
        self._written_at = time.monotonic()
        self._cost = 0.0

    @property
    def path(self) -> Path:
        return self._folder / "checkpoint.safetensors"

    def due(self) -> bool:
        """Whether the last checkpoint is old enough for another one."""
        age = time.monotonic() - self._written_at
        return age >= self._every and age >= _LEAST_SHARE * self._cost

    def write(self, learner: SequenceLearner, extra: str) -> None:
        """Write the learner's state.

        Raises:
            EngineError: it cannot be written.
        """
        began = time.monotonic()
        write_checkpoint(self.path, learner.save(extra))
        self._written_at = time.monotonic()
        self._cost = self._written_at - began

    def read(self) -> Checkpoint | None:
        """Return the last checkpoint, None where there is none.

        Raises:
            EngineError: it is damaged.
        """
        return read_checkpoint(self.path)

    def discard(self) -> None:
        """Delete what is kept: the run ended."""
        shutil.rmtree(self._folder, ignore_errors=True)
