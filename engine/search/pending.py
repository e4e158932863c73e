"""Which trials of a growing list have ended since the last look.

Each trial stands at its number, as it is now. One that has ended never changes.
"""

from collections.abc import Iterator, Sequence

from optuna.trial import FrozenTrial


class Pending:
    """The trials of which nobody was told yet that they have ended."""

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._looked_at = 0

    def ended(self, trials: Sequence[FrozenTrial], below: int | None = None) -> list[FrozenTrial]:
        """Return the trials that have ended and were not told before, by number.

        Args:
            trials: all there are.
            below: a number from which on none is told yet.
        """
        self._numbers.update(range(self._looked_at, len(trials)))
        self._looked_at = max(self._looked_at, len(trials))
        below = len(trials) if below is None else below
        ended = [
            number
            for number in sorted(self._numbers)
            if number < below and trials[number].state.is_finished()
        ]
        self._numbers.difference_update(ended)
        return [trials[number] for number in ended]

    def among(self, trials: Sequence[FrozenTrial]) -> Iterator[FrozenTrial]:
        """Yield the trials that were not told, by number."""
        return (trials[number] for number in sorted(self._numbers) if number < len(trials))
