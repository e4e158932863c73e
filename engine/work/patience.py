"""What a worker does when something goes wrong: one policy for three kinds of errors.

- The store's trouble (``StorageError``, or a disk that is full or broken): nothing is wrong with
  the run. What was to be done is done again, with growing pauses; where that takes too long, the
  run is given back with its checkpoint and goes on later, and at last the worker ends. A hub that
  does not answer (``UnreachableError``) gives the run back at once.
- The run's own error ends the run as failed, with the reason. A GPU that fails ends the worker
  instead: all runs after it would fail with it.
- A person's error (``UsageError``) is refused before anything is written. Where a run meets one
  all the same, it is the run's own; but where the model's folder or the data is gone, run and study
  wait, with their checkpoint, for a person to resume them.
"""

import errno
import logging
import time
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from engine.errors import EngineError, StorageError, UnreachableError

WORKER_SECONDS: Final = 3600.0
"""How long a worker waits for the store before it ends."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_FIRST_REST, _LONGEST_REST = 5.0, 600.0
_TROUBLE_OF_A_DISK = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.ESTALE)
)

Value = TypeVar("Value")

_log = logging.getLogger(__name__)


class Patience:
    """Waits for a store in trouble.

    Args:
        ending: set when the worker is to end, so that nothing is waited for any more.
        run_seconds: how long a run waits, with all that it holds.
    """

    def __init__(self, ending: Event, *, run_seconds: float = 120.0) -> None:
        self._ending = ending
        self._run_seconds = run_seconds
        self._rest = _FIRST_REST
        self.trouble: str | None = None
        """What is waited for just now."""

    def call(self, ask: Callable[[], Value], *, at_most: float | None = None) -> Value:
        """Do what is to be done with the store, again and again while that is in trouble.

        Args:
            ask: does it; may be called again after it failed half way.
            at_most: seconds from the first failure; None: as long as a run waits.

        Raises:
            StorageError: the trouble did not end in time, or the worker is to end.
        """
        at_most = self._run_seconds if at_most is None else at_most
        pause, deadline = _FIRST_PAUSE, float("inf")
        before = self.trouble
        try:
            while True:
                try:
                    return ask()
                except UnreachableError:  # not for long: others can be worked on meanwhile
                    raise
                except StorageError as trouble:
                    self.trouble = str(trouble)
                    deadline = min(deadline, time.monotonic() + at_most)
                    _log.warning("%s; trying again in %.2g s", trouble, pause)
                    if time.monotonic() + pause > deadline or self._ending.wait(pause):
                        raise
                pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            self.trouble = before

    def wait(self, seconds: float) -> None:
        """Wait, unless the worker is to end."""
        self._ending.wait(seconds)

    def rest_seconds(self) -> float:
        """Return how long to rest after a run was given back for trouble, longer each time."""
        rest, self._rest = self._rest, min(2 * self._rest, _LONGEST_REST)
        return rest

    def rested(self) -> None:
        """Begin with short rests again: a run came to its end."""
        self._rest = _FIRST_REST


def trouble_of(error: BaseException) -> StorageError | None:
    """Return the trouble of the store, or of a disk, that an error comes from; None: it is none."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StorageError):
            return cause
        if isinstance(cause, OSError) and cause.errno in _TROUBLE_OF_A_DISK:
            if isinstance(error, EngineError):
                return StorageError(str(error))
            where = f"{cause.filename}: " if cause.filename else ""
            return StorageError(f"{where}{(cause.strerror or str(cause)).lower()}; free some space")
        cause = cause.__cause__ or cause.__context__
    return None
