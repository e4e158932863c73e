"""Forgetting measures from the accuracy matrix a[i][j]: accuracy on task j after stage i.

Where a protocol scores by macro-F1, it is that of macro-F1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.store.measurements import StageEnd

Probes = Mapping[tuple[int, int], Mapping[int, float]]
"""What probes on task j scored after stage i, by (i, j), then by the rows they were fitted on."""


@dataclass(frozen=True)
class AccuracyMatrix:
    """Lower triangle: row i has the accuracies on tasks 0..i after stage i.

    Where all tasks were learnt in one stage, or were measured after the last alone, there is one
    row, of all of them; what compares stages is then None.
    """

    rows: tuple[tuple[float, ...], ...]

    @property
    def last(self) -> tuple[float, ...]:
        return self.rows[-1]

    @property
    def p_o(self) -> float:
        """Accuracy at the end on the original task, or the mean over all earlier ones."""
        return _mean(self.last[:-1])

    @property
    def p_o_before(self) -> float | None:
        """Accuracy on the earlier tasks, each after its own stage."""
        if not self._is_of_stages:
            return None
        return _mean([self.rows[j][j] for j in range(len(self.last) - 1)])

    @property
    def p_s(self) -> float:
        """Accuracy on the last, shifted task at the end."""
        return self.last[-1]

    @property
    def p(self) -> float:
        """What a search maximises (section 3.2)."""
        return self.p_o + self.p_s

    @property
    def average_accuracy(self) -> float:
        """ACC of Lopez-Paz & Ranzato 2017, eq. 2."""
        return _mean(self.last)

    @property
    def backward_transfer(self) -> float | None:
        """BWT of Lopez-Paz & Ranzato 2017, eq. 3: below 0 where earlier tasks were forgotten."""
        if not self._is_of_stages:
            return None
        return _mean([end - self.rows[j][j] for j, end in enumerate(self.last[:-1])])

    @property
    def forgetting(self) -> float | None:
        """Chaudhry et al. 2018: mean fall from each earlier task's best before the last stage."""
        if not self._is_of_stages:
            return None
        return _mean(
            [max(row[j] for row in self.rows[j:-1]) - end for j, end in enumerate(self.last[:-1])]
        )

    @property
    def _is_of_stages(self) -> bool:
        return len(self.rows) == len(self.last)


@dataclass(frozen=True)
class Lost:
    """What is lost of an earlier task at the end, and where; below 0: it was won."""

    task: int
    whole: float
    """How far its score fell since its own stage."""
    encoder: float
    """How far that of a linear probe fell, which only the encoder can be to blame for."""
    again: Mapping[int, float]
    """What a new head scores at the end that is fitted on so many rows."""

    @property
    def head(self) -> float:
        """The rest: what a head would have that fits the encoder as it is."""
        return self.whole - self.encoder


def matrix_of(ends: "Iterable[StageEnd]") -> AccuracyMatrix:
    """Return what was measured on one split at the ends of a run's stages."""
    return AccuracyMatrix(tuple(end.accuracies for end in ends))


def where_lost(matrix: AccuracyMatrix, probes: Probes) -> tuple[Lost, ...]:
    """Return where the earlier tasks are lost, as far as they were probed after both stages.

    The probe with most rows is compared, of those that both have.
    """
    if len(matrix.rows) != len(matrix.last):
        return ()
    found = []
    for task, end in enumerate(matrix.last[:-1]):
        then, now = probes.get((task, task), {}), probes.get((len(matrix.rows) - 1, task), {})
        rows = max(then.keys() & now.keys(), default=0)
        if rows:
            fell = matrix.rows[task][task] - end
            found.append(Lost(task, fell, then[rows] - now[rows], dict(now)))
    return tuple(found)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
