"""The lines of a list of trials, made as they are looked at."""

from collections.abc import Mapping, Sequence
from typing import Literal, overload

from msgspec import Struct

from bertcl_tui.charts.retention import Known
from bertcl_tui.store.rows import TrialRow


class TrialLine(Struct, frozen=True):
    """A trial and whether it is marked, or in the range that is being stretched."""

    number: int
    trial: TrialRow | None
    """None: it was not read yet."""
    mark: Literal["marked", "ranged", ""] = ""
    known: Known | None = None
    """Of one that runs or rests in its midst: what it would score by now."""


class TrialLines(Sequence[TrialLine]):
    """As many lines as there are numbers, with what was read of the trials.

    Args:
        numbers: of the trials, in their order.
        rows: what was read, by number.
        known: what those that run or rest would score by now, by number.
        marked: numbers of those that are marked.
        ranged: lines of the range that is being stretched.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        rows: Mapping[int, TrialRow],
        known: Mapping[int, Known],
        marked: frozenset[int],
        ranged: range,
    ) -> None:
        self._numbers, self._rows, self._known = numbers, rows, known
        self._marked, self._ranged = marked, ranged

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> TrialLine: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[TrialLine]: ...
    def __getitem__(self, place: int | slice) -> TrialLine | Sequence[TrialLine]:
        if isinstance(place, slice):
            return [self[line] for line in range(*place.indices(len(self)))]
        number = self._numbers[place]
        marked: Literal["marked", ""] = "marked" if number in self._marked else ""
        mark = "ranged" if place in self._ranged else marked
        return TrialLine(number, self._rows.get(number), mark, self._known.get(number))
