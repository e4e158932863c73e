"""Looking at a store again and again: when it is worth it, and what is news then."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from bertcl_tui.news.events import News, Scene, news, standing
from bertcl_tui.news.rules import Budget
from bertcl_tui.store.filters import WordTerm
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import Order, TrialRow, TrialState

_LOOK_SECONDS: Final = 1.0
_LEAST_SECONDS: Final = 0.25
"""Between two readings, however much is written."""
_MOST_SECONDS: Final = 2.0
"""Between two readings, however little is written: time alone makes a run stalled or lost."""
_MOST_QUIET_SECONDS: Final = 60.0
"""Where the store tells what is written and nobody works: only how long ago something was grows."""
_BROKEN: Final[tuple[TrialState, ...]] = ("collapsed", "failed")
_LATEST_FIRST: Final = Order("finished_at", descending=True)


class Herald:
    """Knows how things stood; what was so at its first look is no news.

    Args:
        reader: of the store.
        budgets: returns the amounts that somebody wants to be told of.
        at_once: whether to look as soon as it is asked; else the first frame is read before.
    """

    def __init__(
        self,
        reader: Reader,
        budgets: Callable[[], Sequence[Budget]] = tuple,
        *,
        at_once: bool = False,
    ) -> None:
        self._reader = reader
        self._budgets = budgets
        self._before: Scene | None = None
        self._looked_at = float("-inf") if at_once else time.monotonic()
        self.is_behind = False
        """Whether it was asked to look too soon."""

    @property
    def has_looked(self) -> bool:
        """Whether it knows how things stood, so that what happens from now on is news."""
        return self._before is not None

    @property
    def scene(self) -> Scene:
        """How things stood when it last looked."""
        return self._before or Scene()

    @property
    def changes_by_itself(self) -> bool:
        """Whether time alone may change something: somebody works, or may be lost from now on."""
        return self._before is None or any(
            worker.state != "lost" for worker in self._before.workers
        )

    def look(self) -> Sequence[News]:
        """Look, at most once a second, and return what happened.

        Raises:
            EngineError: the store cannot be read.
        """
        now = time.monotonic()
        self.is_behind = now - self._looked_at < _LOOK_SECONDS
        if self.is_behind:
            return ()
        self._looked_at = now
        budgets = self._budgets()
        before, self._before = self._before, self._scene(budgets)
        found = () if before is None else news(before, self._before, budgets)
        return tuple(replace(item, at=time.time()) for item in found)

    def standing(self, studies: Iterable[StudyRow]) -> Sequence[News]:
        """Return what is to be told of these studies to somebody who has just come."""
        return tuple(replace(item, at=time.time()) for item in standing(studies))

    def _scene(self, budgets: Sequence[Budget]) -> Scene:
        studies = self._reader.studies()
        timed = any(budget.seconds is not None for budget in budgets)
        return Scene(
            studies=studies,
            workers=self._reader.workers(),
            arena=self._reader.arena_counts(),
            broken=self._broken(studies),
            worked=self._reader.worked_seconds() if timed else {},
        )

    def _broken(self, studies: Iterable[StudyRow]) -> dict[int, tuple[TrialRow, ...]]:
        """Return the trials that collapsed or failed since, of studies that have more of them."""
        known = {study.id: study.counts for study in self.scene.studies}
        return {
            study.id: tuple(
                trial
                for state in _BROKEN
                if (more := study.counts.get(state, 0) - known[study.id].get(state, 0)) > 0
                for trial in self._latest(study.id, state, more)
            )
            for study in studies
            if study.id in known
        }

    def _latest(self, study_id: int, state: TrialState, number: int) -> tuple[TrialRow, ...]:
        in_state = (WordTerm("state", "=", (state,)),)
        window = self._reader.trials(study_id, where=in_state, order=_LATEST_FIRST, limit=number)
        return window.rows[::-1]


class Lookout:
    """Sees that there may be something new to read.

    Args:
        reader: of the store.
        herald: knows whether time alone may change something.
    """

    def __init__(self, reader: Reader, herald: Herald) -> None:
        self._reader = reader
        self._herald = herald
        self._seen: int | None = None
        self._read_at = float("-inf")

    def is_due(self) -> bool:
        """Whether to read now. Call it again and again, from one thread.

        Raises:
            EngineError: the store cannot be asked; or ``UsageError``: it is none.
        """
        quiet = time.monotonic() - self._read_at
        version = self._reader.version()
        if quiet > self._most_seconds or (version != self._seen and quiet > _LEAST_SECONDS):
            self._seen, self._read_at = version, time.monotonic()
            return True
        return False

    @property
    def _most_seconds(self) -> float:
        is_quiet = self._reader.hears and not self._herald.changes_by_itself
        return _MOST_QUIET_SECONDS if is_quiet else _MOST_SECONDS
