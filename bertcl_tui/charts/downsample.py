"""Fewer points, same picture."""

from collections.abc import Sequence
from math import ceil


def min_max(xs: Sequence[float], ys: Sequence[float], most: int) -> tuple[list[float], list[float]]:
    """Keep at most ``most`` points (4 or more): the ends, and each bucket's lowest and highest.

    Peaks survive, which a plain stride would lose. A bucket without a finite value becomes one
    gap.
    """
    count = min(len(xs), len(ys))
    if count <= most:
        return list(xs[:count]), list(ys[:count])
    kept = _kept(ys[:count], most)
    return [xs[index] for index in kept], [ys[index] for index in kept]


def _kept(ys: Sequence[float], most: int) -> list[int]:
    """Return which points stay, in order."""
    import numpy as np

    inner = len(ys) - 2
    width = ceil(inner / ((most - 2) // 2))
    buckets = ceil(inner / width)
    padded = np.full(buckets * width, np.nan)
    padded[:inner] = ys[1:-1]
    values = padded.reshape(buckets, width)
    finite = np.isfinite(values)
    starts = 1 + width * np.arange(buckets)
    lows = np.where(finite, values, np.inf).argmin(axis=1)  # the first one where none is finite
    highs = np.where(finite, values, -np.inf).argmax(axis=1)
    ends = (0, len(ys) - 1)
    return list(np.unique(np.concatenate([starts + lows, starts + highs, ends])).tolist())
