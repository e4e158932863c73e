"""What a worker keeps on disk: the last checkpoint of a run, and first stages to be shared."""

import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError, StorageError
from engine.learning.checkpoint import (
    Checkpoint,
    first_stage_key,
    read_checkpoint,
    write_checkpoint,
)
from engine.learning.events import Measured
from engine.learning.learner import SequenceLearner
from engine.store.connection import Store

_LEAST_SHARE = 20
"""A checkpoint may cost at most a twentieth of the time since the one before it."""
_MOST_BYTES = 4 * 2**30
_log = logging.getLogger(__name__)


class CheckpointKeeper:
    """Keeps the last checkpoint of one run."""

    def __init__(self, store: Store, run_id: int, *, every_seconds: float) -> None:
        self._folder = store.folder / f"run-{run_id}"
        self._every = every_seconds
        self._written_at = time.monotonic()
        self._cost = 0.0
        self.trouble: StorageError | None = None
        """Why the last one could not be written."""

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
            StorageError: it cannot be written; the one before it is still there.
        """
        began = time.monotonic()
        try:
            write_checkpoint(self.path, learner.save(extra))
            self.trouble = None
        except StorageError as trouble:
            self.trouble = trouble
            raise
        finally:
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


class FirstStages:
    """Gives and takes the first stage of one run; losing a file costs time, nothing else."""

    def __init__(self, store: Store, learner: SequenceLearner, *, shared: bool) -> None:
        self._folder = store.folder / "first-stages"
        self._learner = learner
        self._key = first_stage_key(learner.setup, learner.method) if shared else None
        self._measured: list[Measured] = []

    def take(self) -> None:
        """Begin after the first stage where another run has learnt it and this one has not."""
        position = self._learner.position
        if self._key is None or position.stage or position.step:
            return
        path = self._path(self._key)
        try:
            found = read_checkpoint(path)
        except EngineError:
            path.unlink(missing_ok=True)
            return
        if found is not None:
            _log.info("the first stage was learnt before (%s)", path.name)
            self._learner.take_over(found)
            with suppress(OSError):
                path.touch()

    def watch(self, event: Measured) -> None:
        """Remember what is measured in the first stage, and keep the stage when it ends."""
        if self._key is None or event.stage > 0 or self._path(self._key).exists():
            return
        self._measured.append(event)
        if event.fraction >= 1.0 and len(self._measured) == self._expected():
            # A full disk must not end the run: the stage is kept for others.
            with suppress(EngineError):
                write_checkpoint(
                    self._path(self._key), self._learner.first_stage(self._key, self._measured)
                )
                _make_room(self._folder)

    def _expected(self) -> int:
        """Return how many measurements a whole stage has; after a restart, some are not here."""
        return len(self._learner.setup.plans[0].measured_at)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.safetensors"


def _make_room(folder: Path) -> None:
    """Drop what was used longest ago."""
    files = sorted(folder.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
    sizes = [file.stat().st_size for file in files]
    for file in files[: _too_many(sizes)]:
        file.unlink(missing_ok=True)


def _too_many(sizes: Sequence[int]) -> int:
    """Return how many files, the oldest first, must go."""
    total = sum(sizes)
    for count, size in enumerate(sizes):
        if total <= _MOST_BYTES:
            return count
        total -= size
    return len(sizes)
