"""Where stages begin and end, and where accuracy is measured in them."""

from dataclasses import dataclass
from math import ceil

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
