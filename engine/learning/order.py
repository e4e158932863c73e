"""Which rows a step learns from: a pure function of seed, stage and epoch, so it can be resumed."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.learning.plan import StagePlan

Rows = NDArray[np.int64]


def batches(plan: StagePlan, *, stage: int, seed: int, shuffle: bool, after: int) -> Iterator[Rows]:
    """Yield the rows of every step of a stage after step ``after``; each row once an epoch."""
    for step in range(after, plan.steps):
        epoch, place = divmod(step, plan.steps_per_epoch)
        if place == 0 or step == after:
            order = _epoch_order(plan.rows, (seed, stage, epoch) if shuffle else None)
        yield order[place * plan.batch_size : (place + 1) * plan.batch_size]


def _epoch_order(rows: int, key: tuple[int, int, int] | None) -> Rows:
    if key is None:
        return np.arange(rows)
    return np.random.default_rng(key).permutation(rows)
