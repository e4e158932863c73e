"""Rows of earlier tasks that methods keep, and batches of them."""

from collections.abc import Iterable, Sequence
from math import ceil

import numpy as np

from engine.learning.plan import Part, PreparedTask, Share


def kept_rows(
    tasks: Sequence[PreparedTask], earlier: int, seed: int, *, share: float, rows: int
) -> tuple[Share, ...]:
    """Return the rows of the first tasks that are in memory.

    A task's are drawn once, by the seed and its place alone, so that a row once kept is kept on
    until there is no more room for it.

    Args:
        tasks: of the sequence.
        earlier: how many of them were learnt.
        seed: of the run.
        share: of each task's training rows that is kept, where ``rows`` is 0.
        rows: how many are kept in all, as many of each task, the first ones one more.
    """
    kept = []
    for index, task in enumerate(tasks[:earlier]):
        size = ceil(share * len(task.train))
        if rows:
            size = rows // earlier + (index < rows % earlier)
        order = np.random.default_rng((seed, index)).permutation(len(task.train))
        if size:
            kept.append(Share(index, np.sort(order[:size])))
    return tuple(kept)


def drawn(memory: Sequence[Share], size: int, key: Iterable[int]) -> tuple[Part, ...]:
    """Return so many rows of a memory, at random, by task; each row at most once."""
    numbered = [(share.task, row) for share in memory for row in share.rows]
    count = min(size, len(numbered))
    chosen = np.random.default_rng(tuple(key)).choice(len(numbered), count, replace=False)
    return parts([numbered[index] for index in np.sort(chosen)])


def parts(
    numbered: Sequence[tuple[int, int]], purpose: str = "", scale: float = 1.0
) -> tuple[Part, ...]:
    """Return these (task, row) by task, so that each counts alike, and all together ``scale``."""
    by_task: dict[int, list[int]] = {}
    for task, row in numbered:
        by_task.setdefault(task, []).append(row)
    return tuple(
        Part(task, np.array(rows, np.int64), scale * len(rows) / len(numbered), purpose)
        for task, rows in sorted(by_task.items())
    )
