"""Skewed tasks: those with most rows of one class, and what can be done about it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.errors import shown
from engine.spec.protocol import Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

SKEWED: Final = 0.75
"""Share of a task's rows that are of its largest class: more are worth a word."""


def largest_class(labels: "Sequence[int] | NDArray[np.integer[Any]]") -> float:
    """Return the share of rows that are of the class that most are of; there must be a row."""
    return float(np.bincount(labels).max() / len(labels))


def remarks_of_skew(shares: Iterable[tuple[str, float]], protocol: Protocol) -> Iterator[str]:
    """Say which tasks have most rows of one class, where nothing is done about it.

    Args:
        shares: of each task's largest class, with the task's name.
        protocol: by which the tasks are learnt.
    """
    ways = []
    if protocol.balance == "none":
        ways.append("--balance weights (or sampling) learns the others as much")
    if protocol.score == "accuracy":
        ways.append("--score macro-f1 counts every class alike")
    for name, share in shares if ways else ():
        if share > SKEWED:
            rows = f"{share:.0%} of its training rows are of one class"
            yield f"task '{shown(name)}' is skewed, {rows}: {', '.join(ways)}"
