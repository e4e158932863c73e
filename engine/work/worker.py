"""The loop of a worker: take a run, work on it, take the next one."""

import logging
import os
import signal
import time
from contextlib import suppress
from types import FrameType

from engine.errors import EngineError
from engine.learning.device import free_memory, pick_device
from engine.learning.quiet import quiet_libraries
from engine.spec import sequence_name
from engine.store.connection import open_store
from engine.store.leases import claim_run
from engine.store.runs import RunRecord, get_run
from engine.store.states import Desired
from engine.store.studies import get_study
from engine.store.workers import (
    Level,
    end_worker,
    name_device,
    register_worker,
    wish_of_worker,
    write_log,
)
from engine.work.execution import Desk, Outcome, execute
from engine.work.heartbeat import Pulse
from engine.work.processes import identity_of
from engine.work.searches import Searches
from engine.work.settings import WorkerSettings
from engine.work.supervisor import bury_dead

_LOOK_SECONDS = 0.5

_log = logging.getLogger(__name__)


def work(settings: WorkerSettings) -> None:
    """Work for a store until told to end, or until there is nothing to do.

    Raises:
        EngineError: the store cannot be read or written.
    """
    quiet_libraries()
    store = open_store(settings.store)
    worker_id = register_worker(
        store, identity_of(), device=settings.device, threads=settings.threads, log_file=None
    )
    device = str(pick_device(settings.device).target)
    name_device(store, worker_id, device)
    pulse = Pulse(store, worker_id, device)
    pulse.start()
    _end_politely(pulse)
    desk = Desk(
        store=store,
        worker_id=worker_id,
        device=device,
        pulse=pulse,
        checkpoint_seconds=settings.checkpoint_seconds,
    )
    _say_of_itself(desk, "begins")
    try:
        _say_of_itself(desk, _serve(desk, Searches(store, worker_id), settings))
    except Exception as error:
        with suppress(EngineError):
            _say_of_itself(
                desk, f"ends by an error: {_first_line(error)}; see its log file", "error"
            )
        raise
    finally:
        pulse.end()
        end_worker(store, worker_id)
        store.close()


def _serve(desk: Desk, searches: Searches, settings: WorkerSettings) -> str:
    """Work, rest while that is wanted, and return why the worker ends."""
    idle_since = time.monotonic()
    while (wish := _wish(desk)) != "stopped":
        if wish == "paused":
            _rest(desk)
        elif not _work_once(desk, searches, settings.threads):
            patience = 0.0 if settings.until_idle else settings.idle_seconds
            if time.monotonic() - idle_since >= patience:
                return "ends: nothing to do"
            time.sleep(_LOOK_SECONDS)
            continue
        idle_since = time.monotonic()
    return "ends as it was told"


def _wish(desk: Desk) -> Desired:
    return "stopped" if desk.pulse.end_is_asked else wish_of_worker(desk.store, desk.worker_id)


def _rest(desk: Desk) -> None:
    """Hold nothing until something else is wanted."""
    free_memory(desk.device)
    _say_of_itself(desk, "is paused")
    while _wish(desk) == "paused":
        time.sleep(_LOOK_SECONDS)
    if _wish(desk) == "running":
        _say_of_itself(desk, "goes on")


def _work_once(desk: Desk, searches: Searches, threads: int) -> bool:
    """Work on one run; False where there is none."""
    bury_dead(desk.store)
    run = claim_run(desk.store, desk.worker_id, threads=threads)
    if run is None:
        return searches.propose_trial()
    _say(desk, run, "goes on" if run.step else "begins")
    outcome = execute(desk, run, searches.judge)
    if outcome is None:
        _say(desk, run, "is given back")
    else:
        level: Level = "error" if outcome.state == "failed" else "info"
        _say(desk, run, _told(outcome), level)
        searches.settle(get_run(desk.store, run.id))
        searches.weigh(run)
    return True


def _say(desk: Desk, run: RunRecord, what: str, level: Level = "info") -> None:
    """Tell people in the store what happens to a run, and the worker's own log too."""
    name = f"run {run.id}" if run.number is None else f"#{run.number}"
    _log.info("run %d (%s) %s", run.id, sequence_name(run.spec.sequence), what)
    text = f"{name} {what} · {_owner(desk, run)}"
    write_log(desk.store, level, text, worker_id=desk.worker_id, run_id=run.id)


def _owner(desk: Desk, run: RunRecord) -> str:
    """Name the study of a trial, or what a run of its own learns."""
    if run.study_id is None:
        return sequence_name(run.spec.sequence)
    return get_study(desk.store, run.study_id).name


def _say_of_itself(desk: Desk, what: str, level: Level = "info") -> None:
    _log.log(logging.ERROR if level == "error" else logging.INFO, "the worker %s", what)
    text = f"worker {os.getpid()} on {desk.device} {what}"
    write_log(desk.store, level, text, worker_id=desk.worker_id)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _told(outcome: Outcome) -> str:
    if outcome.scores is None:
        return f"{outcome.state}: {outcome.reason}"
    scores = outcome.scores
    return f"{outcome.state}: p {scores.p:.3f} = {scores.p_o:.3f} + {scores.p_s:.3f}"


def _end_politely(pulse: Pulse) -> None:
    """On SIGTERM or SIGINT give the run back, with a checkpoint, and end."""

    def ask_to_end(signum: int, _: FrameType | None) -> None:
        _log.info("%s: the worker gives its run back and ends", signal.Signals(signum).name)
        pulse.ask_to_end()

    signal.signal(signal.SIGTERM, ask_to_end)
    signal.signal(signal.SIGINT, ask_to_end)
