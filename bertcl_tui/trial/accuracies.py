"""The accuracy matrix of a run: a[i][j] is the accuracy on task j after stage i."""

from typing import Final

from msgspec import Struct

from bertcl_tui.store.rows import StageEnd
from engine.learning.measures import AccuracyMatrix
from engine.store.measurements import Split

SPLIT_TITLES: Final[dict[Split, str]] = {
    "search": "rows that score trials",
    "validation": "validation rows, which no search has seen",
}


class Accuracies(Struct, frozen=True):
    """What was measured on one split at the ends of the stages that are over."""

    split: Split
    rows: tuple[tuple[float, ...], ...]

    @property
    def matrix(self) -> AccuracyMatrix:
        return AccuracyMatrix(self.rows)

    def is_whole(self, tasks: int) -> bool:
        """Whether every stage is over, given how many tasks there are."""
        return len(self.rows) == tasks or (len(self.rows) == 1 and len(self.rows[0]) == tasks)


def accuracies_of(ends: tuple[StageEnd, ...]) -> tuple[Accuracies, ...]:
    """Return a run's accuracies on the splits that score it and that report it."""
    found = (
        Accuracies(split, tuple(end.accuracies for end in ends if end.split == split))
        for split in SPLIT_TITLES
    )
    return tuple(item for item in found if item.rows)
