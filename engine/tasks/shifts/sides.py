"""From the side of each row to the part of a task."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.errors import UsageError
from engine.tasks.subsets import Subset
from engine.tasks.task import Examples, TaskData, rows_fingerprint

NOWHERE = -1
"""The side of a row that was not looked at."""


class Sides(Struct, frozen=True, kw_only=True, eq=False):
    """The side of every row of a task: 0, 1 or NOWHERE."""

    train: NDArray[np.int8]
    validation: NDArray[np.int8]


def take_side(task: TaskData, subset: Subset, sides: Sides) -> TaskData:
    """Return a part of a task, as a task of its own.

    Raises:
        UsageError: a class that the task has is not in that part.
    """
    name = f"{task.name}/{subset.name}"
    train = task.train.take(np.flatnonzero(sides.train == subset.side))
    validation = task.validation.take(np.flatnonzero(sides.validation == subset.side))
    for split, part, whole in (
        ("training", train, task.train),
        ("validation", validation, task.validation),
    ):
        _require_classes(part, whole, task.labels, f"{name} has no {split} row")
    return replace(
        task,
        name=name,
        train=train,
        validation=validation,
        fingerprint=rows_fingerprint(train, validation),
    )


def _require_classes(part: Examples, whole: Examples, labels: Sequence[str], what: str) -> None:
    missing = sorted(set(whole.labels) - set(part.labels))
    if missing:
        raise UsageError(
            f"{what} of class '{labels[missing[0]]}'; use the other shift, or a task with more rows"
        )
