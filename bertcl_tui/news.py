"""News: what happened between two looks at the store."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import StudyState, TrialState
from bertcl_tui.style.wording import best_text, count, headway

_UNFINISHED: Final[tuple[TrialState, ...]] = ("queued", "running", "paused")
_LOOK_SECONDS: Final = 1.0


class Scene(Struct, frozen=True, kw_only=True):
    """How things stood at a look."""

    studies: tuple[StudyRow, ...] = ()
    workers: tuple[WorkerRow, ...] = ()
    arena: Mapping[TrialState, int] = {}
    """Runs of the arena by state."""


class News(Struct, frozen=True):
    """Something that happened, in a line."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


def news(before: Scene, after: Scene) -> Iterator[News]:
    """Yield what happened, each once; what is as it was is no news."""
    states = {study.id: study.state for study in before.studies}
    for study in after.studies:
        if study.origin == "search" and states.get(study.id) != study.state:
            yield from _of_study(study, is_new=study.id not in states)
    yield from _of_workers(before, after)
    yield from _of_arena(before.arena, after.arena)


def _of_study(study: StudyRow, *, is_new: bool) -> Iterator[News]:
    if study.state == "complete" and not is_new:
        best = study.best
        found = f", best p {best_text(best)}" if best else ", no trial is complete"
        yield News(f"{study.name} is complete: {headway(study)}{found}")
        return
    if study.state == "paused" and study.is_set_aside:
        yield News(f"{study.name} is paused, {study.reason}", "warning")
    troubles: dict[StudyState, News] = {
        "failed": News(f"{study.name} failed: {study.reason or 'its trials say why'}", "error"),
        "stalled": News(f"{study.name} stalled: no step for two minutes", "warning"),
        "lost": News(f"{study.name} lost its worker; W shows who is left", "warning"),
    }
    if study.state in troubles:
        yield troubles[study.state]


def _of_workers(before: Scene, after: Scene) -> Iterator[News]:
    """Yield who died, unless a study that was lost with it says so."""
    lost = {worker.id for worker in before.workers if worker.state == "lost"}
    lost_studies = {study.id for study in after.studies if study.state == "lost"}
    for worker in after.workers:
        if worker.state == "lost" and worker.id not in lost and worker.study_id not in lost_studies:
            run = f" in {worker.study}" if worker.study else ""
            yield News(f"worker {worker.pid} on {worker.device} is gone{run}", "warning")


def _of_arena(before: Mapping[TrialState, int], after: Mapping[TrialState, int]) -> Iterator[News]:
    if not _unfinished(before) or _unfinished(after):
        return
    complete = after.get("complete", 0) - before.get("complete", 0)
    failed = after.get("failed", 0) - before.get("failed", 0)
    if complete <= 0 and failed <= 0:
        return  # what was left was stopped or deleted by a person
    wrong = f", {failed} just failed" if failed > 0 else ""
    done = count(after.get("complete", 0), "run is complete", "runs are complete")
    yield News(f"the arena is through: {done}{wrong}", "error" if failed > 0 else "information")


def _unfinished(runs: Mapping[TrialState, int]) -> int:
    return sum(runs.get(state, 0) for state in _UNFINISHED)


class Herald:
    """Knows how things stood; what was so at its first look is no news."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._before: Scene | None = None
        # Not at once: the first frame reads the same.
        self._looked_at = time.monotonic()
        self.is_behind = False
        """Whether it was asked to look too soon."""

    @property
    def has_looked(self) -> bool:
        """Whether it knows how things stood, so that what happens from now on is news."""
        return self._before is not None

    @property
    def workers(self) -> tuple[WorkerRow, ...]:
        """Those of its last look."""
        return () if self._before is None else self._before.workers

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
        before, self._before = self._before, self._scene()
        return () if before is None else tuple(news(before, self._before))

    def _scene(self) -> Scene:
        return Scene(
            studies=self._reader.studies(),
            workers=self._reader.workers(),
            arena=self._reader.arena_counts(),
        )
