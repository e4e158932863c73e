"""Several trials of one study, learnt together by one worker.

Each is a run as any other: it has its own lease, control, judge, recorder and checkpoints, and its
end is its own. What they share is the step. Where one ends, the next trial takes its place.
"""

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Final

from engine.learning.device import free_memory, has_lost_device
from engine.learning.stacked.stack import Stack
from engine.store.leases import desired_of_held
from engine.store.runs import RunRecord
from engine.work.control import DesiredOfHeld
from engine.work.execution import Judges, attend
from engine.work.learning import CrowdedError, Outcome, WorkerContext

_LOOK_SECONDS: Final = 5.0
"""Before there is another look for a trial to take a place that is free."""

_log = logging.getLogger(__name__)

_Course = Generator[None, None, Outcome | None]


class Together:
    """Works on runs that fit each other until none is left.

    Args:
        context: of the worker.
        judges: as ``attend`` takes it.
        most: how many at once.
        take: takes one more run, if there is one and the worker shall go on.
        settle: is told how each run ended, or that it was given back.
        wait_out: lets the trouble that a run was given back for pass, until a moment by the
            monotonic clock; it is called when nothing is left to learn meanwhile.
    """

    def __init__(
        self,
        context: WorkerContext,
        judges: Judges,
        *,
        most: int,
        take: Callable[[], RunRecord | None],
        settle: Callable[[RunRecord, Outcome | None], None],
        wait_out: Callable[[str | None, float], None],
    ) -> None:
        held = partial(desired_of_held, context.store, context.worker_id)
        self._context = replace(context, desired=DesiredOfHeld(held), at_once=most)
        self._judges = judges
        self._most = most
        self._take = take
        self._settle = settle
        self._wait_out = wait_out
        self._stack = Stack()
        self._courses: dict[int, tuple[RunRecord, _Course]] = {}
        self._looks_at = float("-inf")
        self._rests_until = float("-inf")
        self._trouble: str | None = None
        """Why it takes no other run until then."""

    def work(self, first: RunRecord) -> None:
        """Work on a claimed run, and on others that are taken while there are any."""
        try:
            self._begin(first)
            while self._courses:
                self._fill()
                self._step()
        finally:
            for _, course in self._courses.values():
                course.close()
        if time.monotonic() < self._rests_until:
            self._wait_out(self._trouble, self._rests_until)

    def _fill(self) -> None:
        """Take one more run where there is room; while several were loaded, none would obey."""
        looks_at = max(self._looks_at, self._rests_until)
        if len(self._courses) < self._most and time.monotonic() >= looks_at:
            run = self._take()
            if run is None:
                self._looks_at = time.monotonic() + _LOOK_SECONDS
            else:
                self._begin(run)

    def _begin(self, run: RunRecord) -> None:
        course = attend(self._context, run, self._judges, self._stack)
        self._courses[run.id] = (run, course)
        self._go_on(run, partial(next, course))

    def _step(self) -> None:
        """Take the step that all wait for, by fewer where it cannot be taken by so many."""
        if self._courses and (failure := self._failure_of_step()) is not None:
            # Only here has the error let go of what was computed.
            free_memory(self._context.device)
            self._be_fewer(failure)
            return
        for run, course in list(self._courses.values()):
            self._go_on(run, partial(next, course))

    def _failure_of_step(self) -> Exception | None:
        try:
            self._stack.step()
        except Exception as error:
            if has_lost_device(error):
                raise
            _log.warning("%d trials cannot step together", len(self._courses), exc_info=error)
            return error.with_traceback(None)
        return None

    def _be_fewer(self, error: Exception) -> None:
        """Give half of the runs back; the last one goes on alone, or ends by its own fault."""
        together = list(self._courses.values())
        if len(together) == 1:
            ((run, course),) = together
            self._go_on(run, partial(course.throw, error))
            return
        self._most = len(together) // 2
        for run, course in together[self._most :]:
            crowd = CrowdedError(f"waits, for {len(together)} at once are too many here")
            self._go_on(run, partial(course.throw, crowd))

    def _go_on(self, run: RunRecord, go: Callable[[], None]) -> None:
        """Let a run go on until it waits for a step again, or is through."""
        try:
            go()
        except StopIteration as end:
            del self._courses[run.id]
            outcome: Outcome | None = end.value
            self._looks_at = float("-inf")
            if outcome is not None and outcome.crowded:
                self._most = max(1, min(self._most, len(self._courses)))
            self._settle(run, outcome)
            if outcome is not None and outcome.in_trouble:
                self._rest(outcome.reason)
        except BaseException:
            del self._courses[run.id]
            raise

    def _rest(self, trouble: str | None) -> None:
        """Take no other run for a while; what is under way goes on."""
        now = time.monotonic()
        self._trouble = trouble
        if now >= self._rests_until:
            self._rests_until = now + self._context.patience.rest_seconds()
