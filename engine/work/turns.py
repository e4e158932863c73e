"""Taking turns at a study's sampler: one worker asks it at a time, and the others wait a little."""

import random
import time
from collections.abc import Collection
from functools import partial

from engine.store.leases import any_seat_is_free
from engine.work.learning import WorkerContext
from engine.work.patience import WORKER_SECONDS
from engine.work.searches import Searches

_SECONDS = 2.0
"""How long a worker waits to ask a sampler before it looks whether there is a run again."""
_PAUSE = 0.02, 0.08
"""Of no fixed length, lest those who wait come at the same moment again."""


def propose(context: WorkerContext, searches: Searches) -> bool:
    """Queue one more run, when it is this worker's turn; False where none can be now.

    Raises:
        StorageError: the store was in trouble for too long.
    """
    until = time.monotonic() + _SECONDS
    while not context.patience.call(searches.propose_trial, at_most=WORKER_SECONDS):
        if not searches.came_second or not _wait(context, searches.came_second, until):
            return False
    return True


def _wait(context: WorkerContext, studies: Collection[int], until: float) -> bool:
    """Wait until nobody asks the sampler of one of these studies; False: that took too long."""
    is_free = partial(any_seat_is_free, context.store, studies)
    while time.monotonic() < until and not context.heartbeat.end_is_asked:
        context.patience.wait(random.uniform(*_PAUSE))  # noqa: S311 - no secret
        if context.patience.call(is_free, at_most=WORKER_SECONDS):
            return True
    return False
