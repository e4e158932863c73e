"""The loop of a worker: take a run, work on it, take the next one."""

import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from threading import Event
from types import FrameType
from typing import Literal, TypeVar

from engine.errors import DeletedError, EngineError, UsageError, kind_and_line, mask_password, shown
from engine.learning.backbone import forget_backbone, quiet_libraries
from engine.learning.device import free_memory, keep_memory, pick_device, usable_devices
from engine.places.named import CHECKPOINTS
from engine.spec import sequence_name
from engine.store.connection import Store, is_made, open_store
from engine.store.leases import (
    any_under_way,
    any_waits_for_first_stage,
    has_orphans,
)
from engine.store.notices import Heard, Notices
from engine.store.places import place_of
from engine.store.run_states import claim_run
from engine.store.runs import RunRecord, get_run
from engine.store.searches import say_what_searches_wait_for
from engine.store.states import Desired
from engine.store.studies import get_study
from engine.store.workers import (
    Level,
    desired_of_worker,
    end_worker,
    name_device,
    register_worker,
    say_what_waits,
    waits_for_device,
    write_log,
)
from engine.work.cleaning import tidy
from engine.work.execution import execute
from engine.work.heartbeat import Heartbeat
from engine.work.learning import Outcome, WorkerContext
from engine.work.patience import WORKER_SECONDS, Patience
from engine.work.processes import identity_of
from engine.work.searches import Searches
from engine.work.supervisor import WorkerSettings, end_orphaned_workers
from engine.work.together import Together
from engine.work.turns import propose

_LOOK_SECONDS = 0.5
_LISTENING_SECONDS = 5.0
"""Between two looks where what is written is heard of: nobody tells of a worker that was lost."""
_QUIET_SECONDS = 60.0
"""The same where nobody has a run that could be lost."""
_TIDY_SECONDS = 600.0

Value = TypeVar("Value")

_log = logging.getLogger(__name__)


def work(settings: WorkerSettings, ending: Event | None = None) -> bool:
    """Work for a store until asked to end, or until there is nothing to do.

    Args:
        settings: of the worker.
        ending: set when it is to end; it may be already.

    Returns:
        True where there was nothing to do, False where it was asked to end.

    Raises:
        EngineError: the store cannot be read or written.
    """
    quiet_libraries()
    keep_memory()
    if not is_made(settings.store):
        raise UsageError(f"no store at {shown(mask_password(settings.store))}; it was removed")
    if settings.checkpoints:
        CHECKPOINTS.name(settings.checkpoints)
    with closing(open_store(settings.store)) as store:
        return _work_for(store, settings, ending or Event())


def _work_for(store: Store, settings: WorkerSettings, ending: Event) -> bool:
    place = place_of(store)
    _end_politely(ending)
    patience = Patience(ending)
    worker_id = patience.call(
        lambda: register_worker(
            store, identity_of(), device=settings.device, threads=settings.threads, log_file=None
        )
    )
    device = patience.call(lambda: _take_device(store, worker_id, settings))
    heartbeat = Heartbeat(store, worker_id, device, ending, lambda: patience.trouble)
    context = WorkerContext(
        store=store,
        worker_id=worker_id,
        device=device,
        devices=usable_devices(),
        heartbeat=heartbeat,
        patience=patience,
        checkpoint_seconds=settings.checkpoint_seconds,
        notices=Notices(store, "work"),
        place=place,
    )
    heartbeat.start()
    try:
        _log_worker(context, "begins")
        return _serve(context, Searches(store, worker_id, patience, context.devices), settings)
    except Exception as error:
        _log_worker(context, f"ends by an error: {kind_and_line(error)}; see its log file", "error")
        raise
    finally:
        heartbeat.end()
        context.notices.close()
        with suppress(EngineError):
            end_worker(store, worker_id)


def _take_device(store: Store, worker_id: int, settings: WorkerSettings) -> str:
    """Say on which device the worker learns.

    Raises:
        UsageError: that device is not there; the worker has ended then, and people are told.
    """
    try:
        device = pick_device(settings.device)
    except UsageError as error:
        if not settings.or_another:
            end_worker(store, worker_id)
            text = f"worker {os.getpid()} ends: {error}"
            write_log(store, "error", text, worker_id=worker_id)
            raise
        device = pick_device("auto")
    name_device(store, worker_id, str(device.target))
    return str(device.target)


def _serve(context: WorkerContext, searches: Searches, settings: WorkerSettings) -> bool:
    """Work, rest while that is desired, and say why the worker ends; True: nothing is left to do.

    Raises:
        StorageError: the store was in trouble for too long.
    """
    idle_since, tidied_at, looked_at = time.monotonic(), float("-inf"), float("-inf")
    heard = Heard(context.notices)
    while (desired := _desired(context)) != "stopped":
        if time.monotonic() - looked_at > _LOOK_SECONDS:
            _end_orphaned_workers(context)
            looked_at = time.monotonic()
        if time.monotonic() - tidied_at > _TIDY_SECONDS:
            _tidy(context)
            tidied_at = time.monotonic()
        if desired == "paused":
            _rest(context, heard)
        elif not _work_once(context, searches, settings):
            idle = time.monotonic() - idle_since
            is_over = idle >= (0.0 if settings.until_idle else settings.idle_seconds)
            if is_over and not _must_wait(context, searches):
                _log_worker(context, "ends: nothing to do")
                return True
            if not searches.came_second:
                _wait_for_news(context, heard)
            continue
        idle_since = time.monotonic()
    if context.heartbeat.end_reason is None:
        _log_worker(context, "ends as it was told")
    else:
        _log_worker(context, f"ends: {context.heartbeat.end_reason}", "error")
    return False


def _must_wait(context: WorkerContext, searches: Searches) -> bool:
    """Whether there will be something to do although there is nothing now."""
    if _end_orphaned_workers(context):
        return True
    if not context.clock.steady and _patiently(context, partial(has_orphans, context.store)):
        return True  # they may be taken when the clock can be believed
    return _patiently(
        context, lambda: searches.must_wait() or any_waits_for_first_stage(context.store)
    )


def _desired(context: WorkerContext) -> Desired:
    if context.heartbeat.end_is_asked:
        return "stopped"
    return _patiently(context, lambda: desired_of_worker(context.store, context.worker_id))


def _patiently(context: WorkerContext, ask: Callable[[], Value]) -> Value:
    """Do what is to be done with the store, and wait for as long as a worker does."""
    return context.patience.call(ask, at_most=WORKER_SECONDS)


def _end_orphaned_workers(context: WorkerContext) -> bool:
    """Give back what workers held that were killed; whether there were such."""
    return bool(_patiently(context, lambda: end_orphaned_workers(context.store)))


def _tidy(context: WorkerContext) -> None:
    """Delete what nobody needs any more; where that cannot be, another worker may."""
    try:
        tidy(context.store)
    except (EngineError, OSError) as error:
        _log.warning("files that nobody needs stay: %s", error)
    except Exception:  # no tidying is worth a run
        _log.exception("files that nobody needs stay")


def _wait_for_news(context: WorkerContext, heard: Heard) -> None:
    """Wait until it may be worth asking the store again, or the worker is to end."""
    if not heard.listens:
        heard.anything()
        context.patience.wait(_LOOK_SECONDS)
        return
    is_busy = _patiently(context, partial(any_under_way, context.store))
    until = time.monotonic() + (_LISTENING_SECONDS if is_busy else _QUIET_SECONDS)
    while time.monotonic() < until and not context.heartbeat.end_is_asked:
        if heard.anything(_LOOK_SECONDS) or not heard.listens:
            return


def _rest(context: WorkerContext, heard: Heard) -> None:
    """Hold nothing until something else is desired."""
    forget_backbone()
    free_memory(context.device)
    _log_worker(context, "is paused")
    while _desired(context) == "paused":
        _wait_for_news(context, heard)
    if _desired(context) == "running":
        _log_worker(context, "goes on")


def _work_once(context: WorkerContext, searches: Searches, settings: WorkerSettings) -> bool:
    """Work on one run, or on several of a study together; False where there is none."""
    run = _claim(context, settings)
    if run is None:
        return propose(context, searches) or _say_what_waits(context)
    if settings.stack > 1 and run.study_id is not None:
        together = Together(
            context,
            searches.judge,
            most=settings.stack,
            take=partial(_take_another, context, searches, settings, run.study_id),
            settle=partial(_settle, context, searches),
            wait_out=partial(_wait_out, context),
        )
        together.work(run)
    else:
        outcome = execute(context, run, searches.judge)
        _settle(context, searches, run, outcome)
        if outcome is not None and outcome.in_trouble:
            rest = context.patience.rest_seconds()
            _wait_out(context, outcome.reason, time.monotonic() + rest)
    free_memory()
    return True


def _claim(
    context: WorkerContext, settings: WorkerSettings, study_id: int | None = None
) -> RunRecord | None:
    """Take the next run, or the next trial of a study."""
    store = context.store
    claim = partial(
        claim_run,
        store,
        context.worker_id,
        threads=settings.threads,
        devices=context.devices,
        clock=context.clock,
        study_id=study_id,
        known=context.heartbeat.run_ids,
    )
    run = _patiently(context, claim)
    if run is not None:
        _log_run(context, run, "goes on" if run.step else "begins")
    return run


def _take_another(
    context: WorkerContext, searches: Searches, settings: WorkerSettings, study_id: int
) -> RunRecord | None:
    """Take one more trial of a study, a new one where none waits; None where it is to rest."""
    if _desired(context) != "running":
        return None
    run = _claim(context, settings, study_id)
    if run is None and _patiently(context, lambda: searches.propose_trial(study_id)):
        run = _claim(context, settings, study_id)
    return run


def _settle(
    context: WorkerContext, searches: Searches, run: RunRecord, outcome: Outcome | None
) -> None:
    """Say how a run ended, or that it was given back, to all who want to know."""
    if outcome is None:
        _log_run(context, run, "is no longer held here: it was stopped, deleted or taken over")
        return
    _log_run(context, run, _outcome_text(outcome), _level(outcome))
    if outcome.has_ended:
        context.patience.rested()
        _tell(context, searches, run)


def _wait_out(context: WorkerContext, trouble: str | None, until: float) -> None:
    """Let trouble pass before the next run is taken, until a moment by the monotonic clock."""
    context.patience.trouble = trouble
    while time.monotonic() < until and _desired(context) == "running":
        context.patience.wait(_LOOK_SECONDS)
    context.patience.trouble = None


def _tell(context: WorkerContext, searches: Searches, run: RunRecord) -> None:
    """Tell the sampler how a run ended; what cannot be told is before the next trial's proposal."""
    try:
        searches.tell(get_run(context.store, run.id))
        searches.weigh(run)
    except DeletedError:
        _log.info("run %d was deleted as soon as it had ended", run.id)
    except Exception:  # the run has ended, and there are others
        _log.exception("run %d has ended, and its search could not be told", run.id)


def _say_what_waits(context: WorkerContext) -> Literal[False]:
    """Tell once what asks for a device that this worker has not."""
    for say in (say_what_waits, say_what_searches_wait_for):
        for device in _patiently(context, partial(say, context.store, context.devices)):
            _log_worker(context, f"leaves alone what {waits_for_device(device)}", "warning")
    return False


def _log_run(context: WorkerContext, run: RunRecord, what: str, level: Level = "info") -> None:
    """Tell people in the store what happens to a run, and the worker's own log too."""
    _log.info("run %d (%s) %s", run.id, sequence_name(run.spec.sequence), what)
    with suppress(EngineError):  # no line is worth a run
        text = f"{run.name} {what} · {_owner(context, run)}"
        write_log(context.store, level, text, worker_id=context.worker_id, run_id=run.id)


def _owner(context: WorkerContext, run: RunRecord) -> str:
    """Name the study of a trial, or what a run of its own learns."""
    if run.study_id is None:
        return sequence_name(run.spec.sequence)
    try:
        return get_study(context.store, run.study_id).name
    except DeletedError:
        return sequence_name(run.spec.sequence)


def _log_worker(context: WorkerContext, what: str, level: Level = "info") -> None:
    _log.log(logging.ERROR if level == "error" else logging.INFO, "the worker %s", what)
    text = f"worker {os.getpid()} on {context.device} {what}"
    with suppress(EngineError):
        write_log(context.store, level, text, worker_id=context.worker_id)


def _level(outcome: Outcome) -> Level:
    if outcome.state == "failed":
        return "error"
    return "info" if outcome.has_ended or outcome.reason is None else "warning"


def _outcome_text(outcome: Outcome) -> str:
    if not outcome.has_ended:
        return "is given back" if outcome.reason is None else f"is given back: {outcome.reason}"
    if outcome.scores is None:
        return f"{outcome.state}: {outcome.reason}"
    scores = outcome.scores
    return f"{outcome.state}: p {scores.p:.3f} = {scores.p_o:.3f} + {scores.p_s:.3f}"


def _end_politely(ending: Event) -> None:
    """On SIGTERM or SIGINT give the run back, with a checkpoint, and end."""

    def ask_to_end(signum: int, _: FrameType | None) -> None:
        _log.info("%s: the worker gives its run back and ends", signal.Signals(signum).name)
        ending.set()

    signal.signal(signal.SIGTERM, ask_to_end)
    signal.signal(signal.SIGINT, ask_to_end)
