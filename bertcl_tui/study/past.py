"""A moment that a study is shown as of, among those at which it differed."""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf
from typing import Final

from msgspec import Struct

from bertcl_tui.store.trial_rows import Ending
from bertcl_tui.style.wording import clock_time, count

LATEST: Final = inf
"""Until which all that has ended is shown."""
_BEFORE: Final = 1.0
"""Seconds that nothing had ended before the first ending, where the study seems to begin later."""


class Past(Struct, frozen=True, kw_only=True):
    """A moment, and the time that a study has had; in seconds since 1970."""

    until: float
    end: float
    """Of its time: now, or when the last trial of a study that is over had ended."""
    endings: tuple[Ending, ...]
    """Of all trials that have ended by now, in that order."""
    moments: tuple[float, ...]
    """When it differed: its beginning, and each time a trial had ended."""

    @property
    def place(self) -> int:
        """Which of the moments it is shown as of."""
        return self.place_of(self.until)

    def place_of(self, until: float) -> int:
        """Return which of the moments was the last one until then."""
        return max(0, bisect_right(self.moments, until) - 1)

    @property
    def at(self) -> float:
        """That moment."""
        return self.moments[self.place]

    @property
    def ended(self) -> int:
        """How many trials had ended."""
        return bisect_right(self.endings, self.at, key=lambda each: each.at)

    @property
    def last(self) -> int | None:
        """Number of the trial that had ended last; None: none had."""
        return self.endings[self.ended - 1].number if self.ended else None

    @property
    def facts(self) -> list[str]:
        """That it is a replay, how many trials had ended, and when that was."""
        trials = f"{self.ended:,} of {count(len(self.endings), 'trial')}"
        return ["replay", trials, clock_time(self.at, among=(self.moments[0], self.end))]


def past_of(until: float, begun: float, end: float, endings: Sequence[Ending]) -> Past:
    """Return a moment of a study whose time went from then to then, and whose trials ended so."""
    ends = tuple(dict.fromkeys(each.at for each in endings))
    begun = min((begun, *(end - _BEFORE for end in ends[:1])))
    return Past(until=until, end=max((end, *ends)), endings=tuple(endings), moments=(begun, *ends))
