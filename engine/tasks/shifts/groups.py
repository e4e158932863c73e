"""Rows that stay together: those of one text, or of one passage where a task is about passages.

A group is on the side on which its mean is, so that no text of one part is in the other.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]


def group_numbers(keys: Sequence[bytes]) -> NDArray[np.int64]:
    """Number the groups in the order of their keys; shape (rows,)."""
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.fromiter((numbers[key] for key in keys), np.int64, len(keys))


def group_means(values: Numbers, groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of each group, in the order of their numbers; shape (groups,)."""
    return np.bincount(groups, weights=values) / np.bincount(groups)
