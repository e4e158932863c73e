"""What waits for a worker, and why, in lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import RunRow, TrialState
from bertcl_tui.style.looks import Looks
from bertcl_tui.style.states import standing_of
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable

_WAITING: Final[tuple[TrialState, ...]] = ("queued", "lost", "stalled", "paused")


class Waiting(Struct, frozen=True, kw_only=True):
    """A study, or the arena, of which something waits."""

    study_id: int | None
    """None: the arena."""
    name: str
    waits: str
    """How many runs wait in which state, and how many are to come."""
    why: str


def waiting_list(
    studies: Sequence[StudyRow], runs: Sequence[RunRow], workers: Sequence[WorkerRow]
) -> tuple[Waiting, ...]:
    """Return what is not ended and not at work alone, those that shall run first."""
    running_first = sorted(studies, key=lambda study: study.desired != "running")
    return (*_of_studies(running_first, workers), *_of_arena(runs, workers))


def _of_studies(studies: Sequence[StudyRow], workers: Sequence[WorkerRow]) -> Iterator[Waiting]:
    for study in studies:
        if study.state in {"complete", "stopped"}:
            continue
        parts = _counted(study.counts)
        to_come = study.target - sum(study.counts.values())
        if study.spending is None and to_come > 0:
            parts.append(f"{to_come} to come")
        why = standing_of(study, workers)
        if parts or why:
            yield Waiting(study_id=study.id, name=study.name, waits=" · ".join(parts), why=why)


def _of_arena(runs: Sequence[RunRow], workers: Sequence[WorkerRow]) -> Iterator[Waiting]:
    parts = _counted(Counter(run.state for run in runs))
    if not parts:
        return
    living = [worker for worker in workers if worker.state != "lost"]
    if not any(run.desired == "running" for run in runs):
        why = "paused; space in the arena lets them go on"
    elif not living:
        why = "there is no worker; n among the workers starts one"
    else:
        busy = sum(worker.run_id is not None for worker in living)
        why = f"{count(busy, 'worker is', 'workers are')} at work" if busy else ""
    yield Waiting(study_id=None, name="Arena", waits=" · ".join(parts), why=why)


def _counted(counts: dict[TrialState, int]) -> list[str]:
    return [f"{counts[state]} {state}" for state in _WAITING if counts.get(state)]


class WaitingTable(RowTable[Waiting]):
    """Shows studies and the arena; enter opens them."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="name", label="what", width=16, stretch=True),
        Column(key="waits", label="runs", width=20),
        Column(key="why", label="why", width=24, stretch=True, since=66),
    )

    GAP = 1

    class Opened(RowTable.Opened):
        """The one under the cursor was opened."""

    def key(self, item: Waiting) -> int:
        return item.study_id or 0

    def cells(self, item: Waiting, looks: Looks) -> dict[str, Text]:
        return {
            "name": Text(item.name),
            "waits": Text(item.waits),
            "why": Text(item.why, style=looks.muted),
        }
