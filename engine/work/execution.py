"""Executing one run: the learner learns, the store remembers, control is obeyed between steps."""

import logging
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Final

import msgspec
import torch

from engine.errors import DeletedError, EngineError, StorageError, UsageError, kind_and_line
from engine.learning.checkpoint import Position
from engine.learning.device import has_lost_device
from engine.learning.learner import SequenceLearner
from engine.learning.model import matrix_rate
from engine.learning.prepare import prepare
from engine.learning.stacked.stack import Stack, fit_each_other, why_alone
from engine.spec import RunSpec
from engine.store.connection import Store
from engine.store.leases import LeaseLostError, waits_for_stage_of
from engine.store.run_states import (
    control_run,
    desired_of,
    finish_run,
    note_learning_rates,
    release_run,
)
from engine.store.runs import RunRecord, get_run
from engine.store.states import OVER, SET_ASIDE, Desired
from engine.store.studies import control_study
from engine.tasks.catalog import data_name
from engine.tasks.hub_access import NotCachedError
from engine.tasks.models import model_path
from engine.tasks.shared_cache import shared_cache
from engine.work.checkpoints import CheckpointKeeper, FirstStages
from engine.work.control import Control, Interrupted
from engine.work.judge import Judge
from engine.work.learning import Learning, Outcome, WorkerContext, obeyed, say
from engine.work.patience import WORKER_SECONDS, trouble_of
from engine.work.recorder import WRITE_SECONDS, Hours, Recorder

_MOST_LOST_WORKERS: Final = 5

_log = logging.getLogger(__name__)


Judges = Callable[[RunRecord], Judge]


def execute(context: WorkerContext, run: RunRecord, judges: Judges) -> Outcome | None:
    """Work on a claimed run, alone, as ``attend`` says."""
    try:
        next(attend(context, run, judges))
    except StopIteration as end:
        outcome: Outcome | None = end.value
        return outcome
    raise AssertionError("a run that is learnt alone waits for no others")


def attend(
    context: WorkerContext, run: RunRecord, judges: Judges, stack: Stack | None = None
) -> Generator[None, None, Outcome | None]:
    """Work on a claimed run until it ends or is given back; None where another worker has it.

    What goes wrong with the run itself ends it as ``failed`` with the reason; trouble of the store
    does not. The checkpoint stays where somebody may go on from it.

    Args:
        context: of the worker.
        run: what is to be done.
        judges: say whether it is worth going on.
        stack: takes the run's steps with those of others; wherever the run waits for that, this
            stops.

    Raises:
        StorageError: the store could not be written for too long.
        RuntimeError: the device failed for good as far as this process goes, which must end: the
            run is as one whose worker died.
    """
    keeper = CheckpointKeeper(
        context.place,
        run.id,
        every_seconds=context.checkpoint_seconds,
        after_step=run.lost_step or 0,
        at_once=context.at_once,
    )
    context = replace(context, hours=Hours())
    context.heartbeat.hold(run.id)
    try:
        try:
            outcome = yield from _attempt(context, run, judges, keeper, stack)
        except Interrupted as interrupted:  # while it was loaded
            outcome = obeyed(interrupted)
        write = _written_once(context, run, outcome, context.hours())
        context.patience.call(write, at_most=WORKER_SECONDS)
    except LeaseLostError:
        _log.warning("run %d is no longer held here: stopped, deleted or taken over", run.id)
        if _is_deleted(context, run):
            keeper.discard()
        return None
    finally:
        context.heartbeat.let_go(run.id)
    if outcome.state in OVER:
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


def _written_once(
    context: WorkerContext, run: RunRecord, outcome: Outcome, busy: float
) -> Callable[[], None]:
    """Return what writes how a run ended, or that it is given back, and may be called again.

    What seems to have failed may have come through, as where a server is lost at the commit; the
    worker holds the run no more then.
    """
    tries: list[StorageError] = []

    def write() -> None:
        try:
            _write(context, run, outcome, busy)
        except StorageError as trouble:
            tries.append(trouble)
            raise
        except LeaseLostError:
            if not (tries and _stands(context, run, outcome)):
                raise

    return write


def _stands(context: WorkerContext, run: RunRecord, outcome: Outcome) -> bool:
    try:
        there = get_run(context.store, run.id)
    except DeletedError:
        return False
    return (there.state, there.reason) == (outcome.state, outcome.reason)


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
    context: WorkerContext,
    run: RunRecord,
    judges: Judges,
    keeper: CheckpointKeeper,
    stack: Stack | None,
) -> Generator[None, None, Outcome]:
    """Learn, and turn what goes wrong into the run's reason."""
    if run.attempts >= _MOST_LOST_WORKERS:
        return Outcome(
            "failed",
            f"its worker died {run.attempts} times at step {run.lost_step}, and none got any "
            "further; it may need more memory than there is: use a smaller batch or shorter inputs",
        )
    try:
        judge = context.patience.call(lambda: judges(run))
        return (yield from _learn(context, run, judge, keeper, stack))
    except LeaseLostError:
        raise
    except (torch.OutOfMemoryError, MemoryError):
        if stack is not None and stack.learners:
            return Outcome("paused", "there is no memory for so many at once", crowded=True)
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
        reason = f"{SET_ASIDE}{error}"
        context.patience.call(lambda: _set_aside(context.store, run, reason))
        return Outcome("paused", reason)
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
    context: WorkerContext,
    run: RunRecord,
    judge: Judge,
    keeper: CheckpointKeeper,
    stack: Stack | None,
) -> Generator[None, None, Outcome]:
    if run.threads:
        torch.set_num_threads(run.threads)
    control = Control(partial(_desired, context, run), context.patience, context.notices)
    with control.obeyed_anywhere():
        learner = prepare(_placed(run.spec, context.device))
        _say_of_caches(context, run)
        first_stages = FirstStages(
            context.store,
            context.place,
            run,
            context.worker_id,
            patience=context.patience,
            learner=learner,
        )
        _go_on_from_checkpoint(context, run, learner, judge, keeper)
        if (other := first_stages.begin()) is not None:
            reason = waits_for_stage_of(other)
            return Outcome("paused" if run.step else "queued", reason)
    if stack is not None and why_alone(learner) is not None:
        stack = None
    if stack is not None and not all(fit_each_other(learner, other) for other in stack.learners):
        reason = "waits for trials that it cannot be learnt with"
        return Outcome("paused" if run.step else "queued", reason, crowded=True)
    store, patience = context.store, context.patience
    rates = learner.setup.learning_rates
    patience.call(lambda: note_learning_rates(store, run.id, context.worker_id, rates))
    rate = matrix_rate(learner.setup.device.target, torch.get_num_threads())
    recorder = Recorder(
        store,
        run.id,
        context.worker_id,
        patience,
        step=learner.steps_taken,
        hours=context.hours,
        rate=rate,
        write_seconds=WRITE_SECONDS * context.at_once,
    )
    learning = Learning(
        context=context,
        run=run,
        learner=learner,
        first_stages=first_stages,
        judge=judge,
        judged=judge.dump(),
        keeper=keeper,
        recorder=recorder,
        control=control,
        stack=stack,
    )
    return (yield from learning.to_its_end())


def _say_of_caches(context: WorkerContext, run: RunRecord) -> None:
    """Tell people once of a place behind the caches that is in trouble."""
    shared = shared_cache()
    if shared is not None and (trouble := shared.news()) is not None:
        say(context, run, f"learns without the shared caches: {trouble}")


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
            say(context, run, f"goes on from step {learner.steps_taken}: {found.damage}")
    else:
        why = found.damage or f"it has no checkpoint in {keeper.place}"
        say(context, run, f"begins anew after step {run.step}: {why}")


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
    """Return what is desired of the run; a worker that shall rest or end gives it back."""
    if context.heartbeat.end_is_asked:
        return "paused"
    if context.desired is not None:
        return context.desired.of(run.id)
    return desired_of(context.store, run.id, context.worker_id)
