"""How busy each worker and this machine were, for as long as the app is open."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isnan, nan
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from textual.message import Message

from bertcl_tui.kit.live import Folding
from bertcl_tui.store.study_rows import WorkerRow
from bertcl_tui.style.wording import size

if TYPE_CHECKING:
    from engine.work.machine import GpuLoad, MachineLoad

SPANS: Final = (120.0, 600.0, 3600.0)
"""Seconds that a graph can be about; no more is kept than the longest."""
_HOLDS: Final = 6.0
"""Seconds for which a reading stands until the next: heartbeats come every two."""
_WHOLE: Final = 100.0

Values = Mapping[str, float | None]
"""What the meters said at one moment, by name; None: one does not tell."""


class Course(Struct, frozen=True, kw_only=True):
    """What one meter said, and when."""

    name: str
    times: Sequence[float]
    values: Sequence[float]
    full: float
    """The value at the upper edge of a graph."""
    write: Callable[[float], str]
    """Writes a value with its unit."""

    def shares(self, count: int, span: float, now: float) -> list[float]:
        """Return the highest value in each of so many stretches of time, as a share of ``full``.

        A stretch without a reading has that of the one before, for a while; then it is NaN.
        """
        each = span / count
        now = ceil(now / each) * each  # so that a reading stays in its stretch
        found = [nan] * count
        for at, value in zip(self.times, self.values, strict=True):
            place = count - 1 - int(max(0.0, now - at) / each)
            if place >= 0:
                found[place] = value if isnan(found[place]) else max(found[place], value)
        return [value / self.full for value in _held(found, round(_HOLDS / each))]

    def highest(self, span: float, now: float) -> float:
        """Return the highest value in that time; NaN where none was read."""
        pairs = zip(self.times, self.values, strict=True)
        return max((value for at, value in pairs if at >= now - span), default=nan)


def _held(values: Sequence[float], most: int) -> list[float]:
    """Let each value stand for as many places after it, at most, as have none."""
    held, empty = list(values), most
    for place, value in enumerate(values):
        empty = empty + 1 if isnan(value) else 0
        if 0 < empty <= most:
            held[place] = held[place - 1]
    return held


class _Readings:
    """The last readings of some meters."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Values]] = deque()

    def add(self, at: float, values: Values) -> None:
        """Keep a reading, unless there is one of that moment or later."""
        if self._kept and self._kept[-1][0] >= at:
            return
        self._kept.append((at, values))
        while self._kept[0][0] < at - SPANS[-1]:
            self._kept.popleft()

    def course(self, name: str, write: Callable[[float], str], full: float = 0.0) -> Course:
        """Return what one of the meters said; where nothing is full, the highest fills 4 / 5."""
        told = [(at, value) for at, all_ in self._kept if (value := all_.get(name)) is not None]
        values = [value for _, value in told]
        return Course(
            name=name,
            times=[at for at, _ in told],
            values=values,
            full=max([full, *values]) if full else 1.25 * max(values, default=0.0) or 1.0,
            write=write,
        )


@dataclass
class LoadRead(Folding):
    """What the meters of this machine said, to the app."""

    at: float
    load: "MachineLoad"


@dataclass
class WorkersRead(Folding):
    """Who works and how busy that is, to the app."""

    workers: tuple[WorkerRow, ...]


class LoadsChanged(Message, bubble=False):
    """There is more to show, to the screen in front."""


class Loads:
    """Keeps what was read of workers, by their heartbeats, and of this machine."""

    def __init__(self) -> None:
        self._workers: dict[int, _Readings] = {}
        self._machine = _Readings()
        self.load: MachineLoad | None = None
        """What the machine's meters said last, and when."""
        self.load_at = 0.0

    def add_workers(self, workers: Iterable[WorkerRow]) -> None:
        """Keep the last heartbeat of each; of those that are no more nothing is kept."""
        kept, self._workers = self._workers, {}
        for row in workers:
            readings = self._workers[row.id] = kept.get(row.id) or _Readings()
            if row.cpu_percent is not None:
                values = {
                    "cpu": row.cpu_percent,
                    "memory": row.memory_bytes,
                    "gpu": row.gpu_percent,
                    "gpu mem": row.gpu_memory_bytes,
                }
                readings.add(row.heartbeat_at, values)

    def add_machine(self, at: float, load: "MachineLoad") -> None:
        """Keep what the machine's meters said."""
        self.load, self.load_at = load, at
        values: dict[str, float | None] = {"cpu": load.cpu_percent, "memory": load.memory_used}
        for name, gpu in _named(load.gpus):
            values |= {name: gpu.percent, f"{name} mem": gpu.memory_used}
        self._machine.add(at, values)

    def of_worker(self, row: WorkerRow) -> list[Course]:
        """Return how busy a worker was; the processor's share is of one core, as ``top`` has it."""
        readings = self._workers.get(row.id) or _Readings()
        cores = _WHOLE * row.threads
        courses = [readings.course("cpu", percent, cores), readings.course("memory", size)]
        if row.gpu_percent is not None:
            courses += [readings.course("gpu", percent, _WHOLE), readings.course("gpu mem", size)]
        return courses

    def of_machine(self) -> list[Course]:
        """Return how busy this machine was; nothing before its meters were read."""
        if self.load is None:
            return []
        readings, load = self._machine, self.load
        courses = [
            readings.course("cpu", percent, _WHOLE),
            readings.course("memory", size, load.memory_total),
        ]
        for name, gpu in _named(load.gpus):
            courses.append(readings.course(name, percent, _WHOLE))
            courses.append(readings.course(f"{name} mem", size, gpu.memory_total or 0.0))
        return courses


def percent(value: float) -> str:
    """Write a share in percent."""
    return f"{value:.0f} %"


def _named(gpus: Sequence["GpuLoad"]) -> list[tuple[str, "GpuLoad"]]:
    """Give each GPU a short name: one alone needs no number."""
    alone = len(gpus) == 1
    return [("gpu" if alone else f"gpu{index}", gpu) for index, gpu in enumerate(gpus)]
