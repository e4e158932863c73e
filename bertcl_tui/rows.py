"""What is shown of the store, as plain values. Moments are seconds since the epoch."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final, Literal

from msgspec import Struct

from engine.spec import RunSpec
from engine.spec.importance import Evaluator
from engine.spec.spending import Spending
from engine.store.states import ENDED, Desired, RunState

Split = Literal["retention", "search", "validation"]
"""Rows on which accuracy is measured."""
StudyState = Literal[
    "queued", "running", "paused", "stalled", "lost", "complete", "stopped", "failed"
]
TrialState = Literal[
    "queued",
    "running",
    "paused",
    "stalled",
    "lost",
    "complete",
    "pruned",
    "collapsed",
    "stopped",
    "failed",
]


class Best(Struct, frozen=True, kw_only=True):
    """The best complete trial of a study."""

    number: int
    p: float
    p_o: float
    p_s: float


class StudyRow(Struct, frozen=True, kw_only=True):
    """A study in a list."""

    id: int
    name: str
    sequence: str
    model: str
    preset: str
    grouping: str
    """Which layers share a rate, by the protocol: ``paper`` or ``original-code``."""
    origin: str
    state: StudyState
    desired: Desired
    reason: str | None
    counts: dict[TrialState, int]
    """Trials by state; a state that no trial is in has no key."""
    target: int
    """Most trials that it may have."""
    spending: Spending | None
    """None: it has no budget besides its target."""
    best: Best | None
    climb: tuple[tuple[int, float], ...]
    """Number and p of every trial that was better than all with a lower number."""
    rate: float | None
    """Steps per second over all its running trials."""
    tokens_rate: float | None
    """Tokens per second, likewise."""
    eta: float | None
    """Seconds until the last trial ends, as far as can be told."""
    created_at: float

    @property
    def waits(self) -> bool:
        """Whether it is wanted but nobody works on it."""
        return self.state in {"queued", "lost"}

    @property
    def ended(self) -> int:
        """Trials that will not go on, whatever became of them."""
        return sum(count for state, count in self.counts.items() if state in ENDED)


class Order(Struct, frozen=True):
    """By what trials or studies are sorted; one without a value comes last."""

    field: str
    """Of trials: a number of ``filters.trial_fields``, or one of ``ORDERED_FIELDS``."""
    descending: bool


OLDEST_FIRST: Final = Order("created_at", descending=False)
ORDERED_FIELDS: Final = ("state", "label", "reason", "created_at", "started_at", "finished_at")
"""What trials can be sorted by besides their numbers."""
BY_P: Final = Order("p", descending=True)


class Confirmation(Struct, frozen=True, kw_only=True):
    """What became of a trial that was run again with fresh seeds."""

    scores: tuple[tuple[int, float], ...]
    """Seed and p of every run that is complete."""
    half_width: float | None
    """Of the 95 % interval of their mean; None with fewer than two."""
    others: tuple[tuple[RunState, int], ...]
    """How many runs are in each other state that some are in."""

    @property
    def p(self) -> float | None:
        """The mean; None: no run is complete."""
        return fmean(p for _, p in self.scores) if self.scores else None


class TrialRow(Struct, frozen=True, kw_only=True):
    """A trial in a table."""

    run_id: int
    number: int
    label: str | None
    state: TrialState
    desired: Desired
    reason: str | None
    p: float | None
    p_o: float | None
    p_s: float | None
    reported_p: float | None = None
    """On the validation split; None: not measured, as all below."""
    reported_p_o: float | None = None
    reported_p_s: float | None = None
    learning_rates: tuple[float, ...]
    seed: int = 0
    attempts: int = 0
    """Workers that were lost since a checkpoint."""
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    step: int
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    busy_seconds: float
    confirmation: Confirmation | None = None
    """None: it was not run again."""


class RunRow(Struct, frozen=True, kw_only=True):
    """A run of the arena that is not ended."""

    run_id: int
    state: TrialState
    desired: Desired
    step: int
    steps: int | None
    rate: float | None
    tokens_rate: float | None

    @property
    def share(self) -> float:
        """How much of it is done."""
        return self.step / self.steps if self.steps else 0.0


class TrialWindow(Struct, frozen=True, kw_only=True):
    """The first trials of an order, and how many there are besides."""

    rows: tuple[TrialRow, ...]
    matching: int
    total: int


class Ordered(Struct, frozen=True, kw_only=True):
    """The numbers of all trials of a study that fit, in their order."""

    unfinished: Sequence[int]
    """Those come first."""
    ended: Sequence[int]
    stamp: tuple[object, ...]
    """Is the same as long as the ended ones are."""

    @property
    def numbers(self) -> Sequence[int]:
        """All of them."""
        return [*self.unfinished, *self.ended]


class Scored(Struct, frozen=True, kw_only=True):
    """A complete trial as a point in a chart."""

    run_id: int
    number: int
    label: str | None
    p: float
    p_o: float
    p_s: float
    learning_rates: tuple[float, ...]


class ImportanceRow(Struct, frozen=True, kw_only=True):
    """What matters in a study, as it was last told."""

    evaluator: Evaluator
    trials: int
    """Complete ones that there were."""
    weighed: int
    """How many of these it was told from."""
    shares: tuple[float, ...]
    """One per choice, in sum 1."""


class Stage(Struct, frozen=True, kw_only=True):
    """Where the learning of one task lies in a run; steps are counted over all stages."""

    task: str
    first_step: int
    last_step: int


class Curve(Struct, frozen=True, kw_only=True):
    """Accuracy on one task of the sequence, from the stage that learns it on."""

    task: int
    """Its place in the sequence."""
    steps: tuple[int, ...]
    accuracies: tuple[float, ...]


class RunCurves(Struct, frozen=True, kw_only=True):
    """What was measured while a run went on."""

    run_id: int
    number: int | None
    stages: tuple[Stage, ...]
    curves: tuple[Curve, ...]
    """By task."""


WorkerState = Literal["running", "idle", "paused", "stalled", "lost"]


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
    number: int | None
    label: str | None
    step: int | None
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    cpu_percent: float | None
    memory_bytes: int | None
    gpu_percent: float | None
    gpu_memory_bytes: int | None
    log_file: str | None
    started_at: float
    heartbeat_at: float

    @property
    def share(self) -> float | None:
        """How much of its run is done."""
        return self.step / self.steps if self.step is not None and self.steps else None

    @property
    def eta(self) -> float | None:
        """Seconds until its run ends, measuring not counted."""
        if self.step is None or not self.steps or not self.rate:
            return None
        return (self.steps - self.step) / self.rate


Towards = Literal["earlier", "later"]
LogLevel = Literal["debug", "info", "warning", "error"]


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


class RunFacts(Struct, frozen=True, kw_only=True):
    """One run in full, a trial of a study or not."""

    run_id: int
    study_id: int | None
    study: str | None
    """None: no study asked for it."""
    number: int | None
    label: str | None
    spec: RunSpec
    state: TrialState
    desired: Desired
    reason: str | None
    p: float | None
    p_o: float | None
    p_s: float | None
    learning_rates: tuple[float, ...]
    step: int
    steps: int | None
    rate: float | None
    tokens_rate: float | None
    busy_seconds: float
    threads: int | None
    holder: str | None
    """Device and process of the worker that has it; None: none has."""
    created_at: float
    started_at: float | None
    finished_at: float | None
    imported: bool
    confirmation: Confirmation | None
    """None: it is no trial, or was not run again."""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"run {self.run_id}" if self.number is None else f"#{self.number}"


class StageEnd(Struct, frozen=True, kw_only=True):
    """How the tasks learnt so far were known on a split when a stage was over."""

    stage: int
    split: Split
    accuracies: tuple[float, ...]
    """By task."""


class DriftRow(Struct, frozen=True, kw_only=True):
    """How far a layer was from where the run began when a stage was over."""

    stage: int
    place: int
    layer: str
    drift: float
    """Norm of the change over norm of the beginning."""
