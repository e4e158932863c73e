"""What a worker keeps: the last checkpoints of a run, and first stages to be shared."""

import logging
import time
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from engine.errors import EngineError, StorageError
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
from engine.places import Place
from engine.store.connection import Store
from engine.store.leases import begin_first_stage, end_first_stage
from engine.store.places import run_folder
from engine.store.runs import RunRecord
from engine.work.cleaning.files import first_stage_name, spare_first_stages
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
        place: where they lie.
        run_id: of the run.
        every_seconds: least time between two checkpoints of all runs that are learnt together.
        after_step: none is written up to this one.
        at_once: how many runs are learnt together; each waits while another's is written.
    """

    def __init__(
        self,
        place: Place,
        run_id: int,
        *,
        every_seconds: float,
        after_step: int = 0,
        at_once: int = 1,
    ) -> None:
        self.place = place
        self._folder = run_folder(run_id)
        self._next = self.names[0]
        self._every = every_seconds * at_once
        self._least_share = _LEAST_SHARE * at_once
        # A worker that was lost may have been so in writing one: not at that step again.
        self._after_step = after_step
        self._written_at = time.monotonic()
        self._cost = 0.0
        self.trouble: StorageError | None = None
        """Why the last one could not be written."""

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called at their place, in no order of their own."""
        one, other = (f"{self._folder}/checkpoint-{number}.safetensors" for number in (1, 2))
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
            checkpoint = learner.save(extra)
            self.place.write(self._next, lambda path: write_checkpoint(path, checkpoint))
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
        self.place.forget_unfinished(self._folder)
        positions: list[tuple[int, int, float, str]] = []
        damage: str | None = None
        for name in self.names:
            try:
                with self.place.begun(name) as path:
                    position = read_position(path)
            except DamagedError as error:
                damage = str(error)
                continue
            if position is not None:
                # A Fisher goes on while no step is taken.
                written_at = self.place.written_at(name)
                positions.append((position.stage, position.step, written_at, name))
        for *_, name in sorted(positions, reverse=True):
            try:
                with self.place.fetched(name) as path:
                    found = read_checkpoint(path)
            except DamagedError as error:
                damage = str(error)
                continue
            if found is not None:
                self._next = self._other(name)
                return Found(found, damage)
        return Found(None, damage)

    def _other(self, name: str) -> str:
        one, other = self.names
        return other if name == one else one

    def discard(self) -> None:
        """Delete what is kept: the run ended."""
        self.place.discard(self._folder)


class FirstStages:
    """Gives and takes the first stage of one run; losing a file costs time, nothing else.

    One run at a time learns it; others that begin alike wait for that.
    """

    def __init__(
        self,
        store: Store,
        place: Place,
        run: RunRecord,
        worker_id: int,
        *,
        patience: Patience,
        learner: SequenceLearner,
    ) -> None:
        self._store = store
        self._place = place
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
        name = self._name(self._key)
        try:
            with self._place.fetched(name) as path:
                found = read_checkpoint(path)
        except DamagedError as error:
            _log.warning("%s; the first stage is learnt again", error)
            self._place.discard(name)
            return
        except StorageError as trouble:
            _log.warning("%s; the first stage is learnt again", trouble)
            return
        if found is not None:
            _log.info("the first stage was learnt before (%s)", name)
            self._learner.take_over(found)
            self._place.note_use(name)

    def watch(self, event: Measured) -> None:
        """Keep the first stage when it ends."""
        if self._key is not None and event.stage == 0 and event.fraction >= 1.0:
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
        name = self._name(key)
        with suppress(EngineError, OSError):
            if self._place.written_at(name):
                return
            stage = learner.first_stage(key)
            self._place.write(name, lambda path: write_checkpoint(path, stage))
            make_room(spare_first_stages(self._store, self._place), _MOST_BYTES, self._place.delete)

    def _name(self, key: str) -> str:
        return first_stage_name(key, self._study_id)
