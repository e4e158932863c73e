"""Fewer points, same picture."""

from collections.abc import Sequence
from math import isfinite


def min_max(xs: Sequence[float], ys: Sequence[float], most: int) -> tuple[list[float], list[float]]:
    """Keep at most ``most`` points (4 or more): the ends, and each bucket's lowest and highest.

    Peaks survive, which a plain stride would lose. A bucket without a finite value becomes one
    gap.
    """
    count = min(len(xs), len(ys))
    if count <= most:
        return list(xs[:count]), list(ys[:count])
    values = list(ys[:count])
    kept = [0]
    buckets = (most - 2) // 2
    for bucket in range(buckets):
        start = 1 + bucket * (count - 2) // buckets
        stop = 1 + (bucket + 1) * (count - 2) // buckets
        kept.extend(_extremes(values, start, stop) or [start])
    kept.append(count - 1)
    return [xs[index] for index in kept], [values[index] for index in kept]


def _extremes(values: list[float], start: int, stop: int) -> list[int]:
    """Return where the lowest and the highest finite values of a stretch are, in order."""
    stretch = values[start:stop]
    finite = stretch if isfinite(sum(stretch)) else list(filter(isfinite, stretch))
    if not finite:
        return []
    return sorted({start + stretch.index(min(finite)), start + stretch.index(max(finite))})
