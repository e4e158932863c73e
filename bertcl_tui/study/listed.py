"""The trials of a list, read bit by bit. May block."""

from collections.abc import Iterator, Sequence
from typing import Final

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.rows import TrialRow

_AT_ONCE: Final = 2000


def listed_trials(reader: Reader, study_id: int, numbers: Sequence[int]) -> Iterator[TrialRow]:
    """Yield the trials with these numbers, in their order."""
    for first in range(0, len(numbers), _AT_ONCE):
        yield from reader.chosen_trials(study_id, numbers[first : first + _AT_ONCE])


def choices_of(reader: Reader, study_id: int) -> int:
    """Return for how many choices the trials of a study have a rate; 0 where there is none."""
    first = reader.trials(study_id, limit=1).rows
    return len(first[0].learning_rates) if first else 0
