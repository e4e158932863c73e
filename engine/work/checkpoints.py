"""What a worker keeps on disk: the last checkpoints of a run, and first stages to be shared."""

import logging
import shutil
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from engine.errors import StorageError
from engine.files import make_room
from engine.learning.checkpoint import (
    Checkpoint,
    DamagedError,
    first_stage_key,
    read_checkpoint,
    read_position,
    write_checkpoint,
)
from engine.learning.events import Measured
from engine.learning.learner import SequenceLearner
from engine.store.connection import Store
from engine.store.leases import begin_first_stage, end_first_stage
from engine.store.runs import RunRecord
from engine.work.cleaning import first_stage_path, spare_first_stages
from engine.work.patience import Patience

_LEAST_SHARE = 20
"""A checkpoint may cost at most a twentieth of the time since the one before it."""
_MOST_BYTES = 4 * 2**30
_log = logging.getLogger(__name__)


class Found(NamedTuple):
    """What was found of a run's checkpoints."""

    checkpoint: Checkpoint | None
    """The newest that is whole."""
    damage: str | None = None
    """What is wrong with one that may be newer."""


class CheckpointKeeper:
    """Keeps the last two checkpoints of one run: the older serves where the newer is damaged.

    Args:
        store: beside which they lie.
        run_id: of the run.
        every_seconds: least time between two checkpoints of all runs that are learnt together.
        after_step: none is written up to this one.
        at_once: how many runs are learnt together; each waits while another's is written.
    """

    def __init__(
        self,
        store: Store,
        run_id: int,
        *,
        every_seconds: float,
        after_step: int = 0,
        at_once: int = 1,
    ) -> None:
        self._folder = store.folder / f"run-{run_id}"
        self._next = self.paths[0]
        self._every = every_seconds * at_once
        self._least_share = _LEAST_SHARE * at_once
        # A worker that was lost may have been so in writing one: not at that step again.
        self._after_step = after_step
        self._written_at = time.monotonic()
        self._cost = 0.0
        self.trouble: StorageError | None = None
        """Why the last one could not be written."""

    @property
    def paths(self) -> tuple[Path, Path]:
        """Where the two are, in no order of their own."""
        one, other = (self._folder / f"checkpoint-{place}.safetensors" for place in (1, 2))
        return one, other

    def due(self, step: int) -> bool:
        """Whether the last checkpoint is old enough for another one, at this step."""
        age = time.monotonic() - self._written_at
        return (
            step > self._after_step and age >= self._every and age >= self._least_share * self._cost
        )

    def write(self, learner: SequenceLearner, extra: str) -> None:
        """Write the learner's state.

        Raises:
            StorageError: it cannot be written; the one before it is still there.
        """
        began = time.monotonic()
        try:
            write_checkpoint(self._next, learner.save(extra))
            self._next = self._other(self._next)
            self.trouble = None
        except StorageError as trouble:
            self.trouble = trouble
            raise
        finally:
            self._written_at = time.monotonic()
            self._cost = self._written_at - began

    def read(self) -> Found:
        """Return the newest checkpoint that is whole; the next one takes the other's place.

        Raises:
            StorageError: they cannot be read just now.
        """
        self._remove_unfinished()
        positions: list[tuple[int, int, int, Path]] = []
        damage: str | None = None
        for path in self.paths:
            try:
                position = read_position(path)
            except DamagedError as error:
                damage = str(error)
                continue
            if position is not None:
                written_at = path.stat().st_mtime_ns  # a Fisher goes on while no step is taken
                positions.append((position.stage, position.step, written_at, path))
        for *_, path in sorted(positions, reverse=True):
            try:
                found = read_checkpoint(path)
            except DamagedError as error:
                damage = str(error)
                continue
            if found is not None:
                self._next = self._other(path)
                return Found(found, damage)
        return Found(None, damage)

    def _other(self, path: Path) -> Path:
        one, other = self.paths
        return other if path == one else one

    def _remove_unfinished(self) -> None:
        """Remove what a worker left that died while it wrote; it alone held the run."""
        for part in self._folder.glob(".*.part"):
            with suppress(OSError):
                part.unlink()

    def discard(self) -> None:
        """Delete what is kept: the run ended."""
        shutil.rmtree(self._folder, ignore_errors=True)


class FirstStages:
    """Gives and takes the first stage of one run; losing a file costs time, nothing else.

    One run at a time learns it; others that begin alike wait for that.
    """

    def __init__(
        self,
        store: Store,
        run: RunRecord,
        worker_id: int,
        patience: Patience,
        learner: SequenceLearner,
    ) -> None:
        self._store = store
        self._lease = (store, run.id, worker_id)
        self._patience = patience
        self._learner = learner
        # Runs of a study begin alike where stage 1 has a rate of its own: all trials do then, and
        # all races of one seed. Else no two of them do.
        is_shared = run.study_id is None or run.spec.first_lr is not None
        self._key = first_stage_key(learner.setup, learner.method) if is_shared else None
        self._study_id = run.study_id

    def is_reported(self, stage: int) -> bool:
        """Whether all tasks learnt so far are measured for the report after a stage.

        Of a trial they are only after one that is learnt once for many; its end always is.
        """
        return self._study_id is None or (stage == 0 and self._key is not None)

    def begin(self) -> str | None:
        """Take the first stage over, or see that it may be learnt here.

        Returns:
            The run that is learning it, which is to be waited for; None: this one goes on.
        """
        self.take()
        if self._key is None:
            return None
        if self._learner.position.stage:
            self._end()
            return None
        other = self._patience.call(partial(begin_first_stage, *self._lease, self._key))
        if other is None:
            self.take()  # another run may have ended it just now
        return other

    def take(self) -> None:
        """Begin after the first stage where another run has learnt it and this one has not."""
        position = self._learner.position
        if self._key is None or position.stage or position.step:
            return
        path = self._path(self._key)
        try:
            found = read_checkpoint(path)
        except DamagedError as error:
            _log.warning("%s; the first stage is learnt again", error)
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return
        except StorageError as trouble:
            _log.warning("%s; the first stage is learnt again", trouble)
            return
        if found is not None:
            _log.info("the first stage was learnt before (%s)", path.name)
            self._learner.take_over(found)
            with suppress(OSError):
                path.touch()

    def watch(self, event: Measured) -> None:
        """Keep the first stage when it ends."""
        if self._key is not None and event.stage == 0 and event.fraction >= 1.0:
            if not self._path(self._key).exists():
                self._keep(self._key)
            self._end()

    def _end(self) -> None:
        """Let nobody wait for the stage any more."""
        self._patience.call(partial(end_first_stage, *self._lease))

    def _keep(self, key: str) -> None:
        learner = self._learner
        if len(learner.position.first_stage) != len(learner.setup.plans[0].measured_at):
            return  # A checkpoint of an earlier version does not say what was measured before it.
        # A full disk must not end the run: the stage is kept for others.
        with suppress(StorageError, OSError):
            write_checkpoint(self._path(key), learner.first_stage(key))
            make_room(spare_first_stages(self._store), _MOST_BYTES)

    def _path(self, key: str) -> Path:
        return first_stage_path(self._store, key, self._study_id)
