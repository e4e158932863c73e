"""Executing one run: the learner learns, the store remembers, control is obeyed between steps."""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec
import torch

from engine.errors import DeletedError, EngineError, StorageError, UsageError, kind_and_line
from engine.learning.checkpoint import Position
from engine.learning.device import has_lost_device, matrix_rate
from engine.learning.events import Event, Measured, Planned, Stepped
from engine.learning.learner import SequenceLearner
from engine.learning.measures import AccuracyMatrix
from engine.learning.prepare import prepare
from engine.spec import RunSpec
from engine.store.clock import ClockWatch
from engine.store.connection import Store
from engine.store.leases import LeaseLostError
from engine.store.run_states import (
    control_run,
    desired_of,
    finish_run,
    note_checkpoint,
    note_learning_rates,
    release_run,
)
from engine.store.runs import RunRecord, Scores, get_run
from engine.store.states import TRANSITIONS, Desired, RunState
from engine.store.studies import control_study
from engine.store.workers import write_log
from engine.tasks.catalog import data_name
from engine.tasks.hub_access import NotCachedError
from engine.tasks.models import model_path
from engine.work.checkpoints import CheckpointKeeper, FirstStages
from engine.work.control import Control, Interrupted
from engine.work.heartbeat import Heartbeat
from engine.work.judge import Judge
from engine.work.patience import WORKER_SECONDS, Patience, trouble_of
from engine.work.recorder import Recorder

_MOST_LOST_WORKERS = 5
_WITHOUT_CHECKPOINT: Final = ("complete", "pruned", "collapsed")
"""Runs that are over for good. A stopped or failed one may be wanted once more."""

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
    clock: ClockWatch = field(default_factory=ClockWatch)


@dataclass(frozen=True)
class Outcome:
    """How a run ended, or why it was given back."""

    state: RunState
    reason: str | None = None
    scores: Scores | None = None
    reported: Scores | None = None
    in_trouble: bool = False
    """Whether it was given back for trouble of the store, so that a rest may help."""

    @property
    def has_ended(self) -> bool:
        """Whether the run is done, not given back."""
        return self.state in TRANSITIONS["finish"].targets


Judges = Callable[[RunRecord], Judge]


def execute(context: WorkerContext, run: RunRecord, judges: Judges) -> Outcome | None:
    """Work on a claimed run until it ends or is given back; None where another worker has it.

    What goes wrong with the run itself ends it as ``failed`` with the reason; trouble of the store
    does not. The checkpoint stays where somebody may go on from it.

    Raises:
        StorageError: the store could not be written for too long.
        RuntimeError: the device failed for good as far as this process goes, which must end: the
            run is as one whose worker died.
    """
    keeper = CheckpointKeeper(
        context.store,
        run.id,
        every_seconds=context.checkpoint_seconds,
        after_step=run.lost_step or 0,
    )
    began = time.monotonic()
    context.heartbeat.hold(run.id)
    try:
        try:
            outcome = _attempt(context, run, judges, keeper)
        except Interrupted as wanted:  # while it was loaded
            outcome = _obeyed(wanted)
        busy = time.monotonic() - began
        context.patience.call(lambda: _write(context, run, outcome, busy), at_most=WORKER_SECONDS)
    except LeaseLostError:
        _log.warning("run %d was taken over by another worker", run.id)
        if _is_deleted(context, run):
            keeper.discard()
        return None
    finally:
        context.heartbeat.hold(None)
    if outcome.state in _WITHOUT_CHECKPOINT:
        keeper.discard()
    return outcome


def _is_deleted(context: WorkerContext, run: RunRecord) -> bool:
    """Whether what was just written goes too: who deleted the run could not know of it."""
    try:
        get_run(context.store, run.id)
    except DeletedError:
        return True
    except StorageError:  # then workers find the folder when they tidy up
        return False
    return False


def _write(context: WorkerContext, run: RunRecord, outcome: Outcome, busy: float) -> None:
    if not outcome.has_ended:
        release_run(
            context.store,
            run.id,
            context.worker_id,
            state=outcome.state,
            reason=outcome.reason,
            busy_seconds=busy,
        )
        return
    finish_run(
        context.store,
        run.id,
        context.worker_id,
        state=outcome.state,
        reason=outcome.reason,
        scores=outcome.scores,
        reported=outcome.reported,
        busy_seconds=busy,
    )


def _attempt(
    context: WorkerContext, run: RunRecord, judges: Judges, keeper: CheckpointKeeper
) -> Outcome:
    """Learn, and turn what goes wrong into the run's reason."""
    if run.attempts >= _MOST_LOST_WORKERS:
        return Outcome(
            "failed",
            f"its worker died {run.attempts} times at step {run.lost_step}, and none got any "
            "further; it may need more memory than there is: use a smaller batch or shorter inputs",
        )
    try:
        return _learn(context, run, context.patience.call(lambda: judges(run)), keeper)
    except LeaseLostError:
        raise
    except (torch.OutOfMemoryError, MemoryError):
        return Outcome("failed", "out of memory; use a smaller batch or shorter inputs")
    except Exception as error:  # the worker has other runs to do
        if has_lost_device(error):
            raise
        return _outcome_of(error, context, run)


def _outcome_of(error: Exception, context: WorkerContext, run: RunRecord) -> Outcome:
    trouble = trouble_of(error)
    if trouble is not None:
        _log.warning("run %d is given back", run.id, exc_info=True)
        return Outcome("paused", str(trouble), in_trouble=True)
    if isinstance(error, UsageError) and (isinstance(error, NotCachedError) or _is_gone(run.spec)):
        context.patience.call(lambda: _set_aside(context.store, run, str(error)))
        return Outcome("paused", str(error))
    if isinstance(error, EngineError):
        return Outcome("failed", str(error))
    _log.error("run %d failed", run.id, exc_info=error)
    return Outcome("failed", f"{kind_and_line(error)}; see worker log")


def _is_gone(spec: RunSpec) -> bool:
    """Whether the model's folder or the data is no longer where it was: it may come back."""
    try:
        model_path(spec.model)
        data_name(spec.data)
    except UsageError:
        return True
    return False


def _set_aside(store: Store, run: RunRecord, reason: str) -> None:
    """Let a run, and the study that it is a trial of, wait for a person to resume it."""
    if run.study_id is None:
        control_run(store, run.id, "paused")
    else:
        control_study(store, run.study_id, "paused", reason)


def _learn(
    context: WorkerContext, run: RunRecord, judge: Judge, keeper: CheckpointKeeper
) -> Outcome:
    began = time.monotonic()
    if run.threads:
        torch.set_num_threads(run.threads)
    control = Control(partial(_desired, context, run), context.patience)
    with control.obeyed_anywhere():
        learner = prepare(_placed(run.spec, context.device))
        first_stages = FirstStages(context.store, run, context.worker_id, context.patience, learner)
        _go_on_from_checkpoint(context, run, learner, judge, keeper)
        if (other := first_stages.begin()) is not None:
            reason = f"waits for run {other}, which learns the same first stage"
            return Outcome("paused" if run.step else "queued", reason)
    store, patience = context.store, context.patience
    rates = learner.setup.learning_rates
    patience.call(lambda: note_learning_rates(store, run.id, context.worker_id, rates))
    rate = matrix_rate(learner.setup.device.target, torch.get_num_threads())
    recorder = Recorder(
        store, run.id, context.worker_id, patience, step=learner.steps_taken, began=began, rate=rate
    )
    return _Learning(
        context=context,
        run=run,
        learner=learner,
        first_stages=first_stages,
        judge=judge,
        judged=judge.dump(),
        keeper=keeper,
        recorder=recorder,
        control=control,
    ).to_its_end()


@dataclass(kw_only=True)
class _Learning:
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

    def to_its_end(self) -> Outcome:
        """Learn until the run ends or is given back."""
        self.learner.between = self._between
        self.learner.reports_after = self.first_stages.is_reported
        self.learner.is_worth_reporting = lambda event: not self.judge.would_end(event)
        try:
            for event in self.learner.events():
                self._take(event)
                verdict = self.judge.verdict
                if verdict is not None:
                    self.recorder.write()
                    return Outcome(verdict.state, verdict.reason)
        except Interrupted as wanted:
            self.recorder.reached(self.learner.steps_taken)
            self.recorder.write()
            return self._pause() if wanted.desired == "paused" else _obeyed(wanted)
        self.recorder.write()
        return Outcome(
            "complete",
            scores=_scores(self.learner.search_matrix),
            reported=_scores(self.learner.validation_matrix),
        )

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
                _say(context, run, f"learns on without one: {trouble}")
            return
        context.patience.call(lambda: note_checkpoint(context.store, run.id, context.worker_id))

    def _pause(self) -> Outcome:
        """Give the run back; without room for a checkpoint it goes on from the one before."""
        try:
            self.keeper.write(self.learner, self.judged)
        except StorageError as trouble:
            return Outcome("paused", str(trouble))
        return Outcome("paused")


def _obeyed(wanted: Interrupted) -> Outcome:
    if wanted.desired == "paused":
        return Outcome("paused")
    return Outcome("stopped", "stopped by hand")


def _say(context: WorkerContext, run: RunRecord, what: str) -> None:
    """Tell people what is not as it should be with a run."""
    name = f"run {run.id}" if run.number is None else f"#{run.number}"
    worker_id = context.worker_id
    with suppress(StorageError):  # no line is worth a run
        write_log(context.store, "warning", f"{name} {what}", worker_id=worker_id, run_id=run.id)


def _placed(spec: RunSpec, device: str) -> RunSpec:
    """Let a run that asks for any device, or for any of its kind, learn on the worker's own."""
    is_any = spec.device in {"auto", device.partition(":")[0]}
    return msgspec.structs.replace(spec, device=device) if is_any else spec


def _go_on_from_checkpoint(
    context: WorkerContext,
    run: RunRecord,
    learner: SequenceLearner,
    judge: Judge,
    keeper: CheckpointKeeper,
) -> None:
    if run.step == 0 and not _has_begun(keeper, learner):
        # What lies there is of a run of the same number, in a store that was since deleted, or of
        # this one before it was to be run once more.
        keeper.discard()
        return
    found = keeper.read()
    if found.checkpoint is not None:
        learner.restore(found.checkpoint)
        judge.load(found.checkpoint.extra)
        if found.damage is not None:
            _say(context, run, f"goes on from step {learner.steps_taken}: {found.damage}")
    else:
        why = found.damage or "it has no checkpoint yet"
        _say(context, run, f"begins anew after step {run.step}: {why}")


def _has_begun(keeper: CheckpointKeeper, learner: SequenceLearner) -> bool:
    """Whether there is what the learner's method found out before the first step.

    Raises:
        StorageError: that cannot be told just now.
    """
    found = keeper.read().checkpoint
    if found is None:
        return False
    return found.setup == learner.setup.fingerprint and found.position == Position()


def _desired(context: WorkerContext, run: RunRecord) -> Desired:
    """Return what is wanted of the run; a worker that shall rest or end gives it back."""
    if context.heartbeat.end_is_asked:
        return "paused"
    return desired_of(context.store, run.id, context.worker_id)


def _scores(matrix: AccuracyMatrix) -> Scores:
    return Scores(p_o=matrix.p_o, p_s=matrix.p_s)
