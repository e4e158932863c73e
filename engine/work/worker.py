"""The loop of a worker: take a run, work on it, take the next one."""

import logging
import signal
import time
from types import FrameType

from engine.learning.device import pick_device
from engine.learning.quiet import quiet_libraries
from engine.spec import sequence_name
from engine.store.connection import open_store
from engine.store.leases import claim_run
from engine.store.runs import RunRecord, get_run
from engine.store.workers import Level, end_worker, name_device, register_worker, write_log
from engine.work.execution import Desk, Outcome, execute
from engine.work.processes import identity_of
from engine.work.pulse import Pulse
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
    try:
        _serve(desk, Searches(store, worker_id), settings)
    finally:
        pulse.end()
        end_worker(store, worker_id)
        store.close()


def _serve(desk: Desk, searches: Searches, settings: WorkerSettings) -> None:
    idle_since = time.monotonic()
    while not desk.pulse.worker_shall_end:
        if _work_once(desk, searches, settings.threads):
            idle_since = time.monotonic()
            continue
        patience = 0.0 if settings.until_idle else settings.idle_seconds
        if time.monotonic() - idle_since >= patience:
            _log.info("nothing to do; the worker ends")
            return
        time.sleep(_LOOK_SECONDS)


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
    return True


def _say(desk: Desk, run: RunRecord, what: str, level: Level = "info") -> None:
    """Tell people in the store what happens to a run, and the worker's own log too."""
    name = f"run {run.id}" if run.number is None else f"#{run.number}"
    _log.info("run %d (%s) %s", run.id, sequence_name(run.spec.sequence), what)
    text = f"{name} {what} · {sequence_name(run.spec.sequence)}"
    write_log(desk.store, level, text, worker_id=desk.worker_id, run_id=run.id)


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
