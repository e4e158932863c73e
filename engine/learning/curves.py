"""What the curves of a stage may cost: how many points they have, on how many rows of each task.

All of it is counted in tokens and known before the first step, so that trials of a study are
compared on the same rows at the same steps, and a resumed run measures what it would have.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from engine.learning.plan import Pool, PreparedTask

FEWEST_POINTS: Final = 3
"""Before a stage's end: with fewer there is no curve to look at, and nothing to prune by."""
FEWEST_ROWS: Final = 32
"""Of a task, where it has as many: one row in 32 is a step of 3 %."""
_LEARNING_BY_PREDICTING: Final = 3
"""What learning from a token costs: a forward pass, and a backward pass that is worth two."""


def points_within(
    share: float, learnt: int, followed: Collection[int], tasks: Sequence[PreparedTask]
) -> int:
    """Return how many measurements a stage can afford before its end.

    Args:
        share: of the cost of learning; above 0 some points are always worth it.
        learnt: tokens that are learnt from in the stage, as often as they are.
        followed: the tasks that one measurement predicts.
        tasks: of the sequence.
    """
    one = sum(len(tasks[index].retention.input_ids) for index in followed)
    affordable = int(_budget(share, learnt) / one)
    return max(affordable, FEWEST_POINTS) if share > 0.0 else 0


def rows_within(
    share: float, learnt: int, followed: Collection[int], tasks: Sequence[PreparedTask]
) -> int:
    """Return on how many rows of each task a stage can afford the fewest points of a curve.

    Args:
        share: as for ``points_within``.
        learnt: as there.
        followed: as there.
        tasks: as there.
    """
    row = sum(
        len(tasks[index].retention.input_ids) / len(tasks[index].retention) for index in followed
    )
    return max(FEWEST_ROWS, int(_budget(share, learnt) / (FEWEST_POINTS * row)))


def follow_fewer(task: PreparedTask, rows: int) -> PreparedTask:
    """Return the task with so many of its followed rows at most, evenly spread over all of them."""
    if rows >= len(task.followed):
        return task
    kept = np.linspace(0, len(task.followed) - 1, rows).round().astype(np.int64)
    return replace(task, followed=task.followed[kept])


def tokens_learnt(tasks: Sequence[PreparedTask], pool: Pool, epochs: int) -> int:
    """Return from how many tokens a stage learns, counted as often as they are learnt from."""
    return epochs * sum(tasks[share.task].train.tokens(share.rows) for share in pool)


def _budget(share: float, learnt: int) -> float:
    """Return how many tokens may be predicted."""
    return share * _LEARNING_BY_PREDICTING * learnt
