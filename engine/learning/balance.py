"""Rare classes: how often their rows come, or how much each of them counts."""

import numpy as np
from numpy.typing import NDArray


def draw_balanced(classes: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.int64]:
    """Return as many rows as there are, sorted, with the classes of each task equally often.

    Where a task's rows are no multiple of its classes, some classes that are drawn come once more.

    Args:
        classes: task and class of each row, shape (2, rows).
        draw: gives the rows of a frequent class that come, or those of a rare one that come more.
    """
    chosen = []
    for task in np.unique(classes[0]):
        of_task = np.flatnonzero(classes[0] == task)
        labels = classes[1, of_task]
        found = np.unique(labels)
        each, more = divmod(len(of_task), len(found))
        favoured = set(draw.permutation(found)[:more].tolist())
        for label in found.tolist():
            rows, wanted = of_task[labels == label], each + (label in favoured)
            whole, part = divmod(wanted, len(rows))
            chosen += [np.tile(rows, whole), draw.permutation(rows)[:part]]
    return np.sort(np.concatenate(chosen))


def class_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return a weight for each class, inverse to its frequency, with which rows weigh 1 on average.

    A class that no row has gets 0.
    """
    counts = np.bincount(labels, minlength=classes)
    there = np.count_nonzero(counts)
    with np.errstate(divide="ignore"):
        weights = len(labels) / (there * counts)
    return np.where(counts > 0, weights, 0.0).astype(np.float32)
