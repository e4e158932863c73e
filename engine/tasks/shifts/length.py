"""The shift of length: short texts, then long ones, or the other way round."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.tasks.shifts.groups import Numbers, group_means, group_numbers


class Cut(Struct, frozen=True):
    """The longest group of the short part; what comes after it in (tokens, key) is long.

    Groups of one length follow each other by the hash of their text: which of them are short
    depends on no order of rows, and is told for rows that were not cut at all.
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
