"""Studies, the workers at them, and lines of the log, as they stand in lists."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from bertcl_tui.store.trial_rows import StudyState, TrialState
from engine.store.states import ENDED, ENDED_EARLY, SET_ASIDE, Desired

if TYPE_CHECKING:
    from engine.spec.protocol import Score
    from engine.spec.search import Spending
    from engine.store.measurements import Spent

WorkerState = Literal["running", "idle", "paused", "stalled", "lost"]
Towards = Literal["earlier", "later"]
LogLevel = Literal["debug", "info", "warning", "error"]


class WorkerRow(Struct, frozen=True, kw_only=True):
    """A worker that has not said that it ended."""

    id: int
    host: str
    pid: int
    device: str
    threads: int
    state: WorkerState
    desired: Desired
    study_id: int | None
    study: str | None
    """None: it works on no trial of a study."""
    sequence: str | None
    run_id: int | None
    """Of the run that it is at, or of one of those that it learns at once."""
    number: int | None
    label: str | None
    names: tuple[str, ...] = ()
    """What people call its runs; steps, rates and times are over all of them."""
    step: int | None
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    spent: "tuple[Spent, ...]" = ()
    """Where the time of its runs went, as far as it was measured."""
    cpu_percent: float | None
    memory_bytes: int | None
    gpu_percent: float | None
    gpu_memory_bytes: int | None
    waits_for: str | None = None
    """The trouble that keeps it from going on; None: none does."""
    log_file: str | None
    started_at: float
    heartbeat_at: float

    @property
    def share(self) -> float | None:
        """How much of its runs is done."""
        return self.step / self.steps if self.step is not None and self.steps else None

    @property
    def eta(self) -> float | None:
        """Seconds until its runs end, measuring not counted."""
        if self.step is None or not self.steps or not self.rate:
            return None
        return (self.steps - self.step) / self.rate


class LogFilter(Struct, frozen=True, kw_only=True):
    """Which lines of the log."""

    least: LogLevel = "debug"
    """Only what is so grave, or more."""
    worker_id: int | None = None
    pid: int | None = None
    """Of a worker, whether it lives or not."""
    run_id: int | None = None
    study_id: int | None = None
    text: str = ""
    """What a line must have in it; upper and lower case are the same."""


class LogLine(Struct, frozen=True, kw_only=True):
    """One line for people."""

    id: int
    at: float
    level: str
    worker_id: int | None
    run_id: int | None
    text: str
    pid: int | None = None
    """Of the worker that said it, as are its host and its own file."""
    host: str | None = None
    log_file: str | None = None
    study_id: int | None = None
    """Of the trial it is about, as is its number."""
    number: int | None = None


class LogWindow(Struct, frozen=True, kw_only=True):
    """Lines of the log that stand together, oldest first."""

    lines: tuple[LogLine, ...]
    before: int
    """How many fitting ones stand before them."""
    total: int
    """How many fitting ones there are."""

    @property
    def is_end(self) -> bool:
        """Whether nothing stands after them."""
        return self.before + len(self.lines) >= self.total


class Best(Struct, frozen=True, kw_only=True):
    """The best complete trial of a study: of those with three seeds once there is any."""

    number: int
    p: float
    """The mean over its seeds, as are its parts."""
    p_o: float
    p_s: float
    seeds: int = 1
    half_width: float | None = None
    """Of the 95 % interval of that mean; None with one seed."""


class StudyRow(Struct, frozen=True, kw_only=True):
    """A study in a list."""

    id: int
    name: str
    sequence: str
    model: str
    preset: str
    score: "Score"
    """What p is made of."""
    grouping: str
    """Which layers share a rate, by the protocol: ``paper`` or ``original-code``."""
    retention_rows: int
    """Most rows of a task that its curves are measured on."""
    first_lr: float | None = None
    """The flat rate of stage 1 where the later stages alone are searched; None: all are."""
    origin: str
    state: StudyState
    desired: Desired
    reason: str | None
    waits_for: str | None = None
    """Why one of its trials that shall go on was given back, or why nobody has begun it."""
    proposer_id: int | None = None
    """The worker that asks its sampler for a trial just now."""
    first_stage: str | None = None
    """The trial that learns the stage which all others go on from."""
    in_order: int | None = None
    """How many trials may be under way at once, where they come in order."""
    counts: dict[TrialState, int]
    """Trials by state; a state that no trial is in has no key."""
    target: int
    """Most trials that it may have."""
    spending: "Spending | None"
    """None: it has no budget besides its target."""
    best: Best | None
    climb: tuple[tuple[int, float], ...]
    """Number and p, with its own seed, of every trial better than all with a lower number."""
    races: int
    """Runs of its best trials with more seeds, whatever became of each."""
    rate: float | None
    """Steps per second over all its running trials."""
    tokens_rate: float | None
    """Tokens per second, likewise."""
    eta: float | None
    """Seconds until the last trial ends, as far as is known."""
    created_at: float
    archived: bool = False
    """Whether it was put away, out of the usual lists."""
    note: str | None = None
    """What a person says of it."""

    @property
    def ended_early(self) -> bool:
        """Whether it found next to nothing better any more; its reason says so."""
        return self.reason is not None and self.reason.startswith(ENDED_EARLY)

    @property
    def is_set_aside(self) -> bool:
        """Whether it waits for a person, as what it needs is gone; its reason says what."""
        return self.reason is not None and self.reason.startswith(SET_ASIDE)

    @property
    def waits(self) -> bool:
        """Whether it shall run but no worker is at it."""
        return self.state in {"queued", "lost"}

    def is_abandoned(self, workers: Iterable[WorkerRow]) -> bool:
        """Whether it shall run, but none of the workers lives."""
        return self.waits and all(worker.state == "lost" for worker in workers)

    @property
    def goes_on(self) -> bool:
        """Whether workers have something to do in it, or will have."""
        return self.state in {"queued", "running", "stalled", "lost"}

    @property
    def to_come(self) -> int:
        """Trials that are not begun; 0 where a budget says how many there will be."""
        return 0 if self.spending else max(0, self.target - sum(self.counts.values()))

    @property
    def ended(self) -> int:
        """Trials that will not go on, whatever became of them."""
        return sum(count for state, count in self.counts.items() if state in ENDED)
