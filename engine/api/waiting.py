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
from engine.store.endings import (
    find_ending,
    find_progress,
    find_why_waiting,
    require_not_set_aside,
)
from engine.store.run_states import control_run
from engine.store.runs import get_run
from engine.store.states import ENDED
from engine.store.studies import control_study
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

    progress = partial(find_progress, store, study_id)
    why = partial(find_why_waiting, store, study_id)
    try:
        _wait(store, over, progress, why, workers=workers, device=device)
    except KeyboardInterrupt:
        control_study(store, study_id, "paused")
        raise


def wait_for_run(store: Store, run_id: int, *, workers: int | None, device: str) -> None:
    """Have a run worked on until it is complete; Ctrl-C stops it. The arguments are as above.

    Raises:
        EngineError: it failed, collapsed, was stopped, deleted or set aside, or nobody can work on
            it.
    """

    def over() -> bool:
        run = get_run(store, run_id)
        require_not_set_aside(run)
        return run.state in ENDED

    def progress() -> object:
        run = get_run(store, run_id)
        return None if run.desired == "paused" else run.step

    def why() -> str | None:
        return get_run(store, run_id).reason

    try:
        _wait(store, over, progress, why, workers=workers, device=device)
    except KeyboardInterrupt:
        control_run(store, run_id, "stopped")
        raise
    run = get_run(store, run_id)
    if run.state != "complete":
        raise EngineError(f"run {run.id} {run.state}: {run.reason}")


def _wait(
    store: Store,
    over: Callable[[], bool],
    progress: Callable[[], object],
    why: Callable[[], str | None],
    *,
    workers: int | None,
    device: str,
) -> None:
    """Wait until it is over, and see to it meanwhile that somebody works.

    Args:
        store: where it is.
        over: whether it is.
        progress: as a ``Tender`` takes it.
        why: says what it waits for, if that is known.
        workers: as above.
        device: likewise.

    Raises:
        EngineError: nobody works on it, and nobody is to be started.
    """
    if workers == 0:
        _work_here(store, device)
    tender = None if workers == 0 else Tender(store, slots=workers, device=device)
    while not over():
        if tender is not None:
            tender.tend(progress())
        elif not living_workers(store):
            reason = why()
            hint = "; give a number of workers" if reason is None else f": {reason}"
            raise EngineError(f"it is not over, and nobody works on it{hint}")
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
