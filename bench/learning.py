"""Steps of this project's learner, timed: alone, and several trials together.

What is learnt is said by a ``Work``, whose fields are options of every bench that learns.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Annotated, Literal

import torch
from msgspec import Meta, Struct

from engine.learning.device import Device
from engine.learning.events import Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.prepare import prepare
from engine.learning.stacked.stack import Stack
from engine.spec import Protocol, RunSpec

RATE = 2e-5
TASKS = ("rotten-tomatoes", "privacy-qa")
"""Of the sample pack: with short rows, and with long ones."""
WARM_STEPS = 3

Batching = Literal["mixed", "by-length"]
Precision = Literal["auto", "fp32", "bf16"]
Now = Callable[[], float]


class Work(Struct, frozen=True, kw_only=True):
    """Steps that are timed, after some that are not: of what, on what, and how many."""

    steps: Annotated[int, Meta(description="Timed in each round.")] = 20
    task: str = "rotten-tomatoes"
    data: str = "sample"
    model: str = "sample"
    batch_size: int = 16
    batching: Batching = "mixed"
    max_length: int = 256
    device: str = "auto"
    precision: Precision = "auto"
    dropout: bool = True

    @property
    def last_step(self) -> int:
        return WARM_STEPS + self.steps

    @property
    def rows(self) -> int:
        """How many a run has that measures after the last of these steps."""
        return (self.last_step + 1) * self.batch_size

    def spec(self, trial: int = 0) -> RunSpec:
        """Return a run that begins with these steps."""
        protocol = Protocol(
            batch_size=self.batch_size,
            batching=self.batching,
            max_length=self.max_length,
            precision=self.precision,
            dropout=self.dropout,
            epochs=1,
            measures_per_epoch=1,
            train_rows=self.rows,
        )
        return RunSpec(
            sequence=(self.task,),
            data=self.data,
            model=self.model,
            method="flat",
            options={"lr": RATE * (1 + trial / 16)},
            protocol=protocol,
            seed=trial,
            device=self.device,
        )


class Timed(Struct, frozen=True):
    """What steps took, and the losses that were read meanwhile, the warm steps' included."""

    seconds: float
    losses: list[float]
    tokens: int = 0
    """What was learnt from meanwhile, without padding."""


class Stopwatch:
    """Measures from the end of the warm steps to the end of the last."""

    def __init__(self, device: Device, work: Work, now: Now = perf_counter) -> None:
        self._device, self._now = device, now
        self._last = work.last_step
        self._began = 0.0
        self.seconds = 0.0

    def stepped(self, step: int) -> bool:
        """Know that a step was taken; return whether it was the last."""
        if step in (WARM_STEPS, self._last):
            if self._device.target.type == "cuda":
                torch.cuda.synchronize(self._device.target)
            now = self._now()
            self._began, self.seconds = now, now - self._began
        return step == self._last


def alone(work: Work, now: Now = perf_counter, *, trial: int = 0, losses_at_once: int = 0) -> Timed:
    """Take the steps of one trial; losses are read as the learner would, or so many at once."""
    learner = prepare(work.spec(trial))
    learner.losses_at_once = losses_at_once or learner.losses_at_once
    watch = Stopwatch(learner.setup.device, work, now)
    losses: list[float] = []
    tokens = 0
    for event in learner.events():
        if isinstance(event, Stepped):
            losses += [] if event.loss is None else [event.loss]
            tokens += event.tokens if event.step > WARM_STEPS else 0
            if watch.stepped(event.step):
                return Timed(watch.seconds, losses, tokens)
    raise SystemExit(f"task {work.task} has too few rows for {work.steps} steps")


def together(work: Work, trials: int, *, losses_at_once: int = 0) -> list[Timed]:
    """Take the steps of several trials as one; each is said to have taken as long as all."""
    learners = [prepare(work.spec(trial)) for trial in range(trials)]
    stack = Stack()
    losses: dict[SequenceLearner, list[float]] = {}
    for learner in learners:
        learner.losses_at_once = losses_at_once or learner.losses_at_once
        stack.join(learner)
        losses[learner] = []
    watch = Stopwatch(learners[0].setup.device, work)
    for learner, event in stack.events():
        if isinstance(event, Stepped):
            losses[learner] += [] if event.loss is None else [event.loss]
            if learner is learners[-1] and watch.stepped(event.step):
                return [Timed(watch.seconds, found) for found in losses.values()]
    raise SystemExit(f"task {work.task} has too few rows for {work.steps} steps")


def largest_difference(losses: Sequence[float], others: Sequence[float]) -> float:
    """Return by which share of it a loss differs most."""
    return max(abs(other / one - 1) for one, other in zip(losses, others, strict=True))
