"""Learning one run: what happens is recorded, judged and kept, and people are obeyed."""

import logging
from collections.abc import Collection, Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

import torch

from engine.errors import StorageError
from engine.learning.events import Event, Measured, Planned, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.measures import AccuracyMatrix
from engine.learning.stacked.stack import Stack
from engine.places import Place
from engine.store.clock import ClockWatch
from engine.store.connection import Store
from engine.store.notices import Notices
from engine.store.run_states import note_checkpoint
from engine.store.runs import RunRecord, Scores
from engine.store.states import TRANSITIONS, RunState
from engine.store.workers import write_log
from engine.work.checkpoints import CheckpointKeeper, FirstStages
from engine.work.control import Control, DesiredOfHeld, Interrupted
from engine.work.heartbeat import Heartbeat
from engine.work.judge import Judge
from engine.work.patience import Patience
from engine.work.recorder import Hours, Recorder

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerContext:
    """What a worker has at hand for every run."""

    store: Store
    worker_id: int
    device: str
    """Where runs learn that leave it to the worker."""
    devices: Collection[str]
    """What a run may ask for, so that this worker takes it."""
    heartbeat: Heartbeat
    patience: Patience
    checkpoint_seconds: float
    notices: Notices
    place: Place
    """Where checkpoints and first stages lie."""
    clock: ClockWatch = field(default_factory=ClockWatch)
    desired: DesiredOfHeld | None = None
    """Where what is desired of several runs is looked up together."""
    at_once: int = 1
    """How many runs are learnt together, each of which writes less often."""
    hours: Hours = field(default_factory=Hours)
    """The time that the run takes of the worker's."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended, or why it was given back."""

    state: RunState
    reason: str | None = None
    scores: Scores | None = None
    reported: Scores | None = None
    in_trouble: bool = False
    """Whether it was given back for trouble of the store, so that a rest may help."""
    crowded: bool = False
    """Whether it was given back because it cannot be learnt with so many others."""

    @property
    def has_ended(self) -> bool:
        """Whether the run is done, not given back."""
        return self.state in TRANSITIONS["finish"].targets


class CrowdedError(Exception):
    """A run cannot be learnt with so many others: it is given back, with a checkpoint."""


@dataclass(kw_only=True)
class Learning:
    """A run that is learnt."""

    context: WorkerContext
    run: RunRecord
    learner: SequenceLearner
    first_stages: FirstStages
    judge: Judge
    judged: str
    """What the judge knew when it had weighed the last measurement."""
    keeper: CheckpointKeeper
    recorder: Recorder
    control: Control
    stack: Stack | None
    _leaves_stack: bool = False

    def to_its_end(self) -> Generator[None, None, Outcome]:
        """Learn until the run ends or is given back; wait wherever a stack is to take a step."""
        self.learner.between = self._between
        self.learner.reports_after = self.first_stages.is_reported
        self.learner.is_worth_reporting = lambda event: not self.judge.would_end(event)
        try:
            return (yield from self._learn())
        except Interrupted as interrupted:
            self._write_what_was_reached()
            return self._pause() if interrupted.desired == "paused" else obeyed(interrupted)
        except CrowdedError as crowd:
            self._write_what_was_reached()
            return replace(self._pause(), reason=str(crowd), crowded=True)
        finally:
            self.learner.heed_nobody()

    def _learn(self) -> Generator[None, None, Outcome]:
        with closing(self._events()) as events:
            for event in events:
                if event is None:
                    try:
                        with self.context.hours.of_others():
                            yield
                    except torch.OutOfMemoryError:  # alone it can learn from fewer rows
                        self._leaves_stack = True
                    continue
                self._take(event)
                verdict = self.judge.verdict
                if verdict is not None:
                    self.recorder.write()
                    return Outcome(verdict.state, verdict.reason)
        self.recorder.write()
        return Outcome(
            "complete",
            scores=_scores(self.learner.search_matrix),
            reported=_scores(self.learner.validation_matrix),
        )

    def _events(self) -> Generator[Event | None]:
        """Say what happens; None: the learner waits for a step of the stack."""
        if self.stack is not None:
            yield from self._events_in(self.stack)
            if not self._leaves_stack:
                return
        yield from self.learner.events()

    def _events_in(self, stack: Stack) -> Generator[Event | None]:
        stack.join(self.learner)
        try:
            yield from stack.until_step(self.learner)
            while stack.wants_step(self.learner) and not self._leaves_stack:
                yield None
                for event in stack.until_step(self.learner):
                    if isinstance(event, Stepped):
                        self.context.hours.share(event.seconds)
                    yield event
        finally:
            stack.leave(self.learner)

    def _write_what_was_reached(self) -> None:
        self.recorder.reached(self.learner.steps_taken, self.learner.trace.read())
        self.recorder.write()

    def _take(self, event: Event) -> None:
        match event:
            case Planned():
                self.recorder.plan(event.stages)
                self.judge.begin(event)
            case Measured():
                self.recorder.measured(event)
                self.judge.weigh(event, self.learner.count_classes)
                self.judged = self.judge.dump()
                self.first_stages.watch(event)
            case Stepped():
                self.recorder.stepped(event)
                self.judge.weigh_loss(event)
                if self.judge.verdict is None:
                    self.control.obey()
                    self._keep_if_due()

    def _between(self) -> None:
        """Obey, and keep what is known of a Fisher, which may take hours."""
        self.control.obey()
        if self.learner.position.due is None:
            self._keep_if_due()

    def _keep_if_due(self) -> None:
        """Write a checkpoint; where that cannot be, learning goes on, and people are told once."""
        if not self.keeper.due(self.learner.steps_taken):
            return
        self.recorder.write()
        context, run, told = self.context, self.run, self.keeper.trouble
        try:
            self.keeper.write(self.learner, self.judged)
        except StorageError as trouble:
            _log.warning("run %d: %s", run.id, trouble)
            if told is None:
                say(context, run, f"learns on without one: {trouble}")
            return
        context.patience.call(lambda: note_checkpoint(context.store, run.id, context.worker_id))

    def _pause(self) -> Outcome:
        """Give the run back; without room for a checkpoint it goes on from the one before."""
        try:
            self.keeper.write(self.learner, self.judged)
        except StorageError as trouble:
            return Outcome("paused", str(trouble))
        return Outcome("paused")


def obeyed(interrupted: Interrupted) -> Outcome:
    """Return the outcome of a run that rests or stops as it was desired."""
    if interrupted.desired == "paused":
        return Outcome("paused")
    return Outcome("stopped", "stopped by hand")


def say(context: WorkerContext, run: RunRecord, what: str) -> None:
    """Tell people what is not as it should be with a run."""
    worker_id = context.worker_id
    with suppress(StorageError):  # no line is worth a run
        write_log(
            context.store, "warning", f"{run.name} {what}", worker_id=worker_id, run_id=run.id
        )


def _scores(matrix: AccuracyMatrix) -> Scores:
    return Scores(
        p_o=matrix.p_o,
        p_s=matrix.p_s,
        p_o_before=matrix.p_o_before,
        forgetting=matrix.forgetting,
    )
