"""The tables: every worker in a line, and what waits for one, and why."""

import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.store.study_rows import StudyRow, WorkerRow
from bertcl_tui.store.trial_rows import RunRow, TrialState
from bertcl_tui.style.looks import STATE_LOOKS, KeyOf, Looks
from bertcl_tui.style.standing import (
    at_what,
    standing_of,
    why_others_wait,
    why_runs_wait,
    worker_word,
)
from bertcl_tui.style.wording import count, duration, size, steps_rate, tokens_rate
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable
from bertcl_tui.workers.panel import meter
from engine.work.supervisor import default_sharing, room_for

_METER: Final = 6
_LATELY: Final = 5.0
"""Seconds; a worker has a heartbeat every two."""

_WAITING: Final[tuple[TrialState, ...]] = ("queued", "lost", "stalled", "paused")


class WorkerLine(Struct, frozen=True, kw_only=True):
    """A worker at a moment; times are rounded to what is shown, so that it seldom changes."""

    row: WorkerRow
    what: str
    """Which run it is at, or why it is at none."""
    up: str
    """How long it is there."""
    heartbeat: str
    """How long ago its last one was."""


def worker_line(row: WorkerRow, now: float, idle: str) -> WorkerLine:
    """Return how a worker is shown now; ``idle`` is why it is at no run, where it could be."""
    quiet, up = max(0.0, now - row.heartbeat_at), duration(max(0.0, now - row.started_at))
    starts = worker_word(row) == "starting"
    return WorkerLine(
        row=row,
        what=f"{at_what(row)}, for {up}" if starts else at_what(row, idle),
        up=up,
        heartbeat="now" if quiet < _LATELY else f"{duration(quiet)} ago",
    )


class WorkersTable(RowTable[WorkerLine]):
    """Shows who works and says what the person wants of them."""

    PLACE: ClassVar[Place] = "workers"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("workers")]
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="state", label="state", width=10),
        Column(key="device", label="device", width=7),
        Column(key="pid", label="pid", width=7, align="right"),
        Column(key="host", label="host", width=12, since=160),
        Column(key="what", label="at", width=26, stretch=True),
        Column(key="done", label="done", width=4, align="right"),
        Column(key="eta", label="ETA", width=7, align="right", since=75),
        Column(key="rate", label="rate", width=9, align="right", since=85),
        Column(key="tokens", label="tokens", width=10, align="right", since=96),
        Column(key="cpu", label="CPU", width=6, align="right"),
        Column(key="cpu_meter", label="", width=_METER, since=138),
        Column(key="memory", label="memory", width=8, align="right", since=105),
        Column(key="gpu", label="GPU", width=6, align="right", since=131),
        Column(key="gpu_memory", label="GPU mem", width=8, align="right", since=147),
        Column(key="up", label="up", width=8, align="right", since=114),
        Column(key="heartbeat", label="heard", width=9, align="right", since=124),
    )
    GAP = 1

    class Opened(RowTable.Opened):
        """The one under the cursor was opened."""

    class StartRequested(Message):
        """One more shall be started."""

    class StopRequested(Message):
        """The one under the cursor shall end."""

    class LogRequested(Message):
        """Only the log of the one under the cursor shall be shown, or all again."""

    class FileRequested(Message):
        """The log file of the one under the cursor shall be opened."""

    def key(self, item: WorkerLine) -> int:
        return item.row.id

    def cells(self, item: WorkerLine, looks: Looks) -> dict[str, Text]:
        row, lost = item.row, item.row.state == "lost"
        cpu = row.cpu_percent
        return {
            "state": worker_state(row, looks),
            "device": Text(row.device),
            "pid": Text(str(row.pid)),
            "host": Text(row.host, style=looks.muted),
            "what": Text(item.what),
            "done": Text("" if row.share is None else f"{row.share:.0%}"),
            "eta": Text(duration(row.eta)),
            "rate": Text(steps_rate(row.rate)),
            "tokens": Text(tokens_rate(row.tokens_rate)),
            "cpu": Text("–" if cpu is None else f"{cpu:.0f} %"),
            "cpu_meter": meter(None if cpu is None else cpu / 100 / row.threads, _METER, looks),
            "memory": Text(size(row.memory_bytes)),
            "gpu": Text("" if row.gpu_percent is None else f"{row.gpu_percent:.0f} %"),
            "gpu_memory": Text("" if row.gpu_memory_bytes is None else size(row.gpu_memory_bytes)),
            "up": Text(item.up, style=looks.muted),
            "heartbeat": Text(item.heartbeat, style=looks.bad if lost else looks.muted),
        }

    def action_start_worker(self) -> None:
        self.post_message(self.StartRequested())

    def action_stop_worker(self) -> None:
        self.post_message(self.StopRequested())

    def action_toggle_log(self) -> None:
        self.post_message(self.LogRequested())

    def action_open_file(self) -> None:
        self.post_message(self.FileRequested())


def worker_state(row: WorkerRow, looks: Looks) -> Text:
    """Return glyph and word of a worker's state; asked for and not yet so: going on."""
    look = STATE_LOOKS["queued" if row.state == "idle" else row.state]
    return Text(f"{look.glyph} {worker_word(row)}", style=getattr(looks, look.ink))


class Waiting(Struct, frozen=True, kw_only=True):
    """A study, or the arena, of which something waits."""

    study_id: int | None
    """None: the arena."""
    name: str
    waits: str
    """How many runs wait in which state, and how many are to come."""
    why: str
    goes_on: bool
    """Whether it shall go on, and can."""
    run_ids: tuple[int, ...] = ()
    """Of the arena: those of its runs that are not ended."""


def waiting_list(
    studies: Sequence[StudyRow],
    runs: Sequence[RunRow],
    workers: Sequence[WorkerRow],
    key: KeyOf,
) -> tuple[Waiting, ...]:
    """Return what is not ended and not at work alone, those that shall run first.

    ``key`` writes the key of an action.
    """
    running_first = sorted(studies, key=lambda study: study.desired != "running")
    short = memory_shortage(running_first, workers)
    found = (*_of_studies(running_first, workers, key), *_of_arena(runs, workers, key))
    return tuple(
        replace(item, why=f"{item.why}{short}") if short and item.goes_on else item
        for item in found
    )


def _of_studies(
    studies: Sequence[StudyRow], workers: Sequence[WorkerRow], key: KeyOf
) -> Iterator[Waiting]:
    for study in studies:
        if study.state in {"complete", "stopped"}:
            continue
        parts = _counted(study.counts)
        if study.to_come:
            parts.append(f"{study.to_come} to come")
        others = why_others_wait(study, workers, key) if parts else ""
        why = standing_of(study, workers, key) or others
        if parts or why:
            goes_on = study.desired == "running" and not study.is_abandoned(workers)
            yield Waiting(
                study_id=study.id,
                name=study.name,
                waits=" · ".join(parts),
                why=why,
                goes_on=goes_on,
            )


def _of_arena(
    runs: Sequence[RunRow], workers: Sequence[WorkerRow], key: KeyOf
) -> Iterator[Waiting]:
    waiting = [run for run in runs if run.state in _WAITING]
    if waiting:
        parts = _counted(Counter(run.state for run in waiting))
        living = any(worker.state != "lost" for worker in workers)
        yield Waiting(
            study_id=None,
            name="Arena",
            waits=" · ".join(parts),
            why=why_runs_wait(waiting, workers, key),
            goes_on=living and any(run.desired == "running" for run in waiting),
            run_ids=tuple(run.run_id for run in waiting),
        )


def memory_shortage(studies: Sequence[StudyRow], workers: Sequence[WorkerRow]) -> str:
    """Say that more workers would work if there was memory for them; empty: none would."""
    models = {study.model for study in studies if study.desired == "running" and study.goes_on}
    host = socket.gethostname()
    here = sum(worker.host == host and worker.state != "lost" for worker in workers)
    room = room_for(models, here) if here else None
    if room is None or room > here or default_sharing().workers <= here:
        return ""
    return f"; there is memory for {count(here, 'worker')} only"


def _counted(counts: Mapping[TrialState, int]) -> list[str]:
    return [f"{counts[state]} {state}" for state in _WAITING if counts.get(state)]


class WaitingTable(RowTable[Waiting]):
    """Shows studies and the arena; enter opens them."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="name", label="what", width=12, cut="middle", stretch=True),
        Column(key="waits", label="runs", width=14, stretch=True),
        Column(key="why", label="why", width=28, stretch=True, since=54),
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
