"""The artificial shift: two clusters of what the pretrained backbone makes of the texts."""

import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tasks.shifts.sides import group_means, group_numbers

Embeddings = NDArray[np.floating[Any]]
"""Shape (rows, hidden)."""

_STARTS = 10
METHOD = f"k-means k=2 n_init={_STARTS} random_state=0, scikit-learn {version('scikit-learn')}"


def fit_centres(embeddings: Embeddings) -> NDArray[np.float64]:
    """Find two clusters by k-means; shape (2, hidden).

    The first is the one with more rows; of two equal ones, the one that has the first row.
    """
    # Loaded here, because a worker that sorts by no cluster would wait a second for it.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    exact = embeddings.astype(np.float64)
    with warnings.catch_warnings():
        # rows that are all alike have one cluster; who asks for the other is told so
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(n_clusters=2, n_init=_STARTS, random_state=0).fit(exact)
    sizes = np.bincount(found.labels_, minlength=2)
    larger = found.labels_[0] if sizes[0] == sizes[1] else sizes.argmax()
    centres: NDArray[np.float64] = found.cluster_centers_
    return centres[[larger, 1 - larger]]


def lean(embeddings: Embeddings, centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much nearer each row is to the second centre than to the first; shape (rows,).

    The difference of squared distances; it is linear, so that the mean of some rows' values is the
    value of their mean.
    """
    first, second = centres
    away: NDArray[np.float64] = embeddings.astype(np.float64) @ (second - first)
    return 2 * away + float(first @ first - second @ second)


def cluster_sides(leans: NDArray[np.float64], keys: Sequence[bytes]) -> NDArray[np.int8]:
    """Return the cluster of each row, by its group's mean: 0 or 1; shape (rows,)."""
    groups = group_numbers(keys)
    sides: NDArray[np.int8] = (group_means(leans, groups) > 0)[groups].astype(np.int8)
    return sides
