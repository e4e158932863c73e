"""Waiting for a search or a run that was asked for, and seeing to it that somebody works."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import current_thread, main_thread
from typing import Final

from engine.errors import EngineError, UsageError
from engine.store.connection import Store
from engine.store.endings import find_ending
from engine.store.run_states import control_run
from engine.store.runs import get_run, trials_of
from engine.store.states import ENDED
from engine.store.studies import control_study, get_study
from engine.store.workers import living_workers, register_worker, work_again
from engine.work.machine import core_count
from engine.work.processes import identity_of
from engine.work.supervisor import WorkerSettings, ensure_workers
from engine.work.tending import Tender

_LOOK_SECONDS: Final = 0.3
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def wait_for_study(
    store: Store, study_id: int, *, workers: int | None, device: str, wait: bool
) -> None:
    """Have a study worked on; Ctrl-C pauses it.

    Args:
        store: where it is.
        study_id: which one.
        workers: processes; None: as many as there is room for; 0: this process.
        device: where they learn.
        wait: until it is over; else workers are started, no more.

    Raises:
        EngineError: it failed, was deleted, or nobody can work on it.
    """
    if not wait:
        ensure_workers(store.url, slots=workers, device=device)
        return

    def over() -> bool:
        ending = find_ending(store, study_id)
        if ending is not None:
            ending.require_good()
        return ending is not None

    try:
        _wait(store, over, partial(_progress_of_study, store, study_id), workers, device)
    except KeyboardInterrupt:
        control_study(store, study_id, "paused")
        raise


def _progress_of_study(store: Store, study_id: int) -> object:
    """Return how far its trials are; None where nobody is to work on it."""
    if get_study(store, study_id).desired != "running":
        return None
    return [(run.state, run.step) for run in trials_of(store, study_id)]


def wait_for_run(store: Store, run_id: int, *, workers: int | None, device: str) -> None:
    """Have a run worked on until it is complete; Ctrl-C stops it. The arguments are as above.

    Raises:
        EngineError: it failed, collapsed, was stopped or deleted, or nobody can work on it.
    """

    def over() -> bool:
        return get_run(store, run_id).state in ENDED

    try:
        _wait(store, over, partial(_progress_of_run, store, run_id), workers, device)
    except KeyboardInterrupt:
        control_run(store, run_id, "stopped")
        raise
    run = get_run(store, run_id)
    if run.state != "complete":
        raise EngineError(f"run {run.id} {run.state}: {run.reason}")


def _progress_of_run(store: Store, run_id: int) -> object:
    """Return how far it is; None where it is paused."""
    run = get_run(store, run_id)
    return None if run.desired == "paused" else run.step


def _wait(
    store: Store,
    over: Callable[[], bool],
    progress: Callable[[], object],
    workers: int | None,
    device: str,
) -> None:
    """Wait until it is over, and see to it meanwhile that somebody works."""
    if workers == 0:
        _work_here(store, device)
    tender = None if workers == 0 else Tender(store, slots=workers, device=device)
    while not over():
        if tender is not None:
            tender.tend(progress())
        elif not living_workers(store):
            raise EngineError("it is not over, and nobody works on it; give a number of workers")
        time.sleep(_LOOK_SECONDS)


def _work_here(store: Store, device: str) -> None:
    """Be a worker until nothing is left to do.

    Raises:
        UsageError: this is not the main thread, which alone hears of Ctrl-C.
        KeyboardInterrupt: somebody pressed it; what was under way is kept.
    """
    from engine.work.worker import work

    settings = WorkerSettings(store=store.url, device=device, threads=core_count(), until_idle=True)
    if current_thread() is not main_thread():
        raise UsageError("workers=0 needs the main thread; give a number of workers instead")
    own = register_worker(
        store, identity_of(), device=device, threads=settings.threads, log_file=None
    )
    work_again(store, own)
    with _signals_as_they_were():
        was_ended = not work(settings)
    if was_ended:
        raise KeyboardInterrupt


@contextmanager
def _signals_as_they_were() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
