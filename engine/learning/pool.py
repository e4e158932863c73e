"""The rows a stage learns from, where they may be of several tasks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.learning.order import Rows


@dataclass(frozen=True)
class Share:
    """Training rows of one task."""

    task: int
    """Its place in the sequence."""
    rows: Rows


Pool = tuple[Share, ...]
"""What one stage learns from; a row's number in it runs through the shares in their order."""


@dataclass(frozen=True)
class Part:
    """What a step learns of one task: its rows, and their share of the step's loss."""

    task: int
    rows: Rows
    weight: float


def pool_size(pool: Pool) -> int:
    """Return the number of rows of all shares."""
    return sum(len(share.rows) for share in pool)


def parts_of(pool: Pool, numbers: NDArray[np.int64]) -> tuple[Part, ...]:
    """Return the rows of these numbers in the pool, by task; weights are shares of all rows."""
    parts, first = [], 0
    for share in pool:
        inside = numbers[(numbers >= first) & (numbers < first + len(share.rows))]
        if len(inside):
            rows = share.rows[inside - first]
            parts.append(Part(share.task, rows, len(rows) / len(numbers)))
        first += len(share.rows)
    return tuple(parts)
