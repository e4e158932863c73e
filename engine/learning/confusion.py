"""What rows of a task were taken for: counts by class, and what became of each class since."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

Cell = tuple[int, int, int]
"""The right class, the predicted one, and how many rows are of the one and taken for the other."""


@dataclass(frozen=True)
class Confusion:
    """How many rows of each class were predicted to be of which class."""

    labels: tuple[str, ...]
    """Names of the classes, in the order of their indices."""
    cells: tuple[Cell, ...]
    """Those that have rows."""

    @cached_property
    def _counts(self) -> dict[tuple[int, int], int]:
        return {(right, predicted): rows for right, predicted, rows in self.cells}

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """How many rows each class has."""
        found = [0] * len(self.labels)
        for right, _, rows in self.cells:
            found[right] += rows
        return tuple(found)

    def count(self, right: int, predicted: int) -> int:
        """Return how many rows of a class were predicted to be of one."""
        return self._counts.get((right, predicted), 0)

    def recall(self, right: int) -> float | None:
        """Return the share of a class's rows that were predicted right; None: it has none."""
        rows = self.rows[right]
        return self.count(right, right) / rows if rows else None


@dataclass(frozen=True)
class ClassChange:
    """What became of a class between the ends of two stages."""

    label: str
    rows: int
    """Of the class, that score trials."""
    before: float | None
    """Recall at the end of the first of them; None: not measured, or the class has no rows."""
    after: float | None
    """The same of the second."""
    taken_for: tuple[tuple[str, int], ...]
    """As which other classes more of its rows are predicted than before, and how many more."""

    @property
    def fall(self) -> float | None:
        """How much of the recall was lost; below 0: it was won."""
        if self.before is None or self.after is None:
            return None
        return self.before - self.after


def class_changes(before: Confusion | None, after: Confusion) -> tuple[ClassChange, ...]:
    """Return what became of each class of a task.

    Args:
        before: at the end of an earlier stage; None: nothing to compare with, so that all rows of a
            class that are taken for others count.
        after: at the end of a later one.
    """
    return tuple(
        ClassChange(
            label=label,
            rows=after.rows[right],
            before=None if before is None else before.recall(right),
            after=after.recall(right),
            taken_for=_taken_for(before, after, right),
        )
        for right, label in enumerate(after.labels)
    )


def _taken_for(
    before: Confusion | None, after: Confusion, right: int
) -> tuple[tuple[str, int], ...]:
    more = [
        (label, after.count(right, other) - (before.count(right, other) if before else 0))
        for other, label in enumerate(after.labels)
        if other != right
    ]
    return tuple(sorted((each for each in more if each[1] > 0), key=lambda each: -each[1]))


def most_forgotten(changes: Iterable[ClassChange]) -> tuple[ClassChange, ...]:
    """Return the classes, that whose recall fell most first; last those of which it is not known.

    Where nothing is known of how far they fell, the one with the lowest recall comes first.
    """
    return tuple(sorted(changes, key=_by_fall))


def _by_fall(change: ClassChange) -> tuple[float, float]:
    unknown = float("inf")
    recall = unknown if change.after is None else change.after
    return (unknown if change.fall is None else -change.fall), recall
