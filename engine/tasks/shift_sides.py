"""The sides of the shift of length, and what is taken of a task by the side of any shift.

Rows of one text (or of one passage, where a task is about passages) stay together: a group is on
the side on which its mean is, so that no text of one part is in the other.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.errors import UsageError, shown
from engine.tasks.subsets import Subset
from engine.tasks.task import Examples, TaskData, rows_fingerprint

NOWHERE = -1
"""The side of a row that was not looked at."""
Numbers = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]


class Sides(Struct, frozen=True, kw_only=True, eq=False):
    """The side of every row of a task: 0, 1 or NOWHERE."""

    train: NDArray[np.int8]
    validation: NDArray[np.int8]


def group_numbers(keys: Sequence[bytes]) -> NDArray[np.int64]:
    """Number the groups in the order of their keys; shape (rows,)."""
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.fromiter((numbers[key] for key in keys), np.int64, len(keys))


def group_means(values: Numbers, groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of each group, in the order of their numbers; shape (groups,)."""
    return np.bincount(groups, weights=values) / np.bincount(groups)


class Cut(Struct, frozen=True):
    """The longest group of the short part; what comes after it in (tokens, key) is long.

    Groups of one length follow each other by the hash of their text: which of them are short
    depends on no order of rows, and is known for rows that were not cut at all.
    """

    tokens: float
    key: bytes


def median_cut(lengths: Numbers, keys: Sequence[bytes]) -> Cut:
    """Return the cut between groups that leaves the two parts as equal as can be.

    Without a text that comes again, their sizes differ by one row at most.

    Args:
        lengths: tokens of each row, shape (rows,); one row at least.
        keys: the group of each row.
    """
    groups = group_numbers(keys)
    means = group_means(lengths, groups)
    order = np.argsort(means, kind="stable")
    short = np.cumsum(np.bincount(groups)[order])
    imbalance = np.abs(2 * short - len(groups))
    # of two equally good cuts, the one that leaves the odd row to the short part
    last = order[len(order) - 1 - np.argmin(imbalance[::-1])]
    return Cut(float(means[last]), sorted(set(keys))[last])


def cut_at(lengths: Numbers, keys: Sequence[bytes], cut: Cut) -> NDArray[np.int8]:
    """Return the side of each row: 0 is short, 1 long; shape (rows,)."""
    groups = group_numbers(keys)
    means = group_means(lengths, groups)
    after = np.fromiter((key > cut.key for key in sorted(set(keys))), np.bool_, len(means))
    is_long = (means > cut.tokens) | ((means == cut.tokens) & after)
    sides: NDArray[np.int8] = is_long[groups].astype(np.int8)
    return sides


def authors_sides(lengths: Numbers, *, pairs: bool) -> NDArray[np.int8]:
    """Return the side of each row as in the authors' published code, which cuts at random.

    It reads the row that is i-th by length as the rank of row i. The length of a pair is its number
    of sentences, always two, so that its rows are cut where half of them have come.

    Args:
        lengths: tokens of each row, shape (rows,).
        pairs: whether each row is a pair of sentences.
    """
    taken = np.full(len(lengths), 2) if pairs else lengths
    ranks = np.argsort(taken, kind="stable")
    return (2 * ranks >= len(ranks)).astype(np.int8)


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
            f"{what} of class '{shown(labels[missing[0]])}'; "
            "use the other shift, or a task with more rows"
        )
