"""Where stages begin and end, and where accuracy is measured in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from engine.spec import Protocol


@dataclass(frozen=True)
class StagePlan:
    """One stage. Steps of a stage are counted from 1; ``first_step`` is what came before it."""

    task: str
    first_step: int
    rows: int
    epochs: int
    batch_size: int
    measured_at: frozenset[int]

    @property
    def steps_per_epoch(self) -> int:
        return ceil(self.rows / self.batch_size)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs

    @property
    def last_step(self) -> int:
        return self.first_step + self.steps


def plan_stage(
    task: str, *, rows: int, epochs: int, protocol: Protocol, first_step: int
) -> StagePlan:
    """Plan a stage, measured ``measures_per_epoch`` times an epoch and at its end.

    Args:
        task: its name; for a stage of several tasks, theirs joined by ``+``.
        rows: of one epoch, whatever tasks they are of.
        epochs: passes over the rows.
        protocol: of the run.
        first_step: what came before the stage.
    """
    steps = ceil(rows / protocol.batch_size) * epochs
    measures = min(steps, protocol.measures_per_epoch * epochs)
    return StagePlan(
        task=task,
        first_step=first_step,
        rows=rows,
        epochs=epochs,
        batch_size=protocol.batch_size,
        measured_at=frozenset(round(steps * k / measures) for k in range(1, measures + 1)),
    )


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
