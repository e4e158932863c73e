"""Control of studies, runs and workers, written to the store. Each call may block: use a thread."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from engine.store.states import Desired

if TYPE_CHECKING:
    from engine.store.connection import Store


def control_studies(store: str, study_ids: Sequence[int], desired: Desired) -> None:
    """Want these studies running, paused or stopped; start workers where some should run.

    Raises:
        EngineError: the store cannot be written, or no worker can be started.
    """
    from engine.store.studies import control_study

    _control_each(control_study, store, study_ids, desired)


def control_runs(store: str, run_ids: Sequence[int], desired: Desired) -> None:
    """Want these runs running, paused or stopped; start workers where some should run.

    Raises:
        EngineError: the store cannot be written, or no worker can be started.
    """
    from engine.store.run_states import control_run

    _control_each(control_run, store, run_ids, desired)


def _control_each(
    control: Callable[["Store", int, Desired], None],
    store: str,
    ids: Sequence[int],
    desired: Desired,
) -> None:
    with _open(store) as opened:
        for each in ids:
            control(opened, each, desired)
    if desired == "running":
        start_workers(store)


def retry_runs(store: str, run_ids: Sequence[int]) -> None:
    """Queue runs once more that ended without a result, and start workers.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had, or there is nothing
            to run again.
        EngineError: the store cannot be written, or no worker can be started.
    """
    from engine.work.requests import retry_runs

    with _open(store) as opened:
        retry_runs(opened, run_ids)
    start_workers(store)


def change_marks(store: str, study_id: int, changes: Mapping[int, bool]) -> None:
    """Mark these trials of a study, or take the mark from them, by number.

    Raises:
        EngineError: the store cannot be written.
    """
    from engine.store.remarks import change_marks

    on = [number for number, marked in changes.items() if marked]
    with _open(store) as opened:
        change_marks(opened, study_id, on=on, off=changes.keys() - on)


def set_note(store: str, study_id: int, numbers: Sequence[int], note: str) -> None:
    """Write a note on trials; an empty one takes it away.

    Raises:
        EngineError: it is too long, or the store cannot be written.
    """
    from engine.store.remarks import set_note

    with _open(store) as opened:
        set_note(opened, study_id, numbers, note)


def start_workers(store: str) -> None:
    """Let no worker be missing.

    Raises:
        EngineError: one cannot be started.
    """
    from engine.store.connection import store_url
    from engine.work.supervisor import ensure_workers

    ensure_workers(store_url(store))


def add_worker(store: str, device: str, threads: int, stack: int) -> None:
    """Start one more worker.

    Raises:
        EngineError: it cannot be started.
    """
    from engine.store.connection import store_url
    from engine.work.supervisor import add_worker as add

    add(store_url(store), device=device, threads=threads, stack=stack)


def control_worker(store: str, worker_id: int, desired: Desired) -> None:
    """Want a worker working, resting or ended.

    Raises:
        EngineError: it has ended, or the store cannot be written.
    """
    from engine.work.supervisor import control_worker as control

    with _open(store) as opened:
        control(opened, worker_id, desired)


def hide_studies(store: str, study_ids: Sequence[int]) -> None:
    """Delete studies and everything measured in them; for a minute they can be had back.

    Raises:
        EngineError: the store cannot be written.
    """
    from engine.store.deletion import hide_studies as hide

    with _open(store) as opened:
        hide(opened, study_ids)


def restore_latest(store: str) -> Sequence[str]:
    """Have back the studies that were deleted last; return their names.

    Raises:
        EngineError: there are none any more, or the store cannot be written.
    """
    from engine.store.deletion import restore_latest as restore

    with _open(store) as opened:
        return restore(opened)


def purge(store: str) -> None:
    """Delete for good what can be had back no more.

    Raises:
        EngineError: the store cannot be written.
    """
    from engine.store.deletion import purge as purge_store

    with _open(store) as opened:
        purge_store(opened)


def archive_studies(store: str, study_ids: Sequence[int], *, archived: bool) -> None:
    """Put studies away, or have them back in the usual lists.

    Raises:
        EngineError: the store cannot be written.
    """
    from engine.store.remarks import archive_studies as archive

    with _open(store) as opened:
        archive(opened, study_ids, archived=archived)


def rename_study(store: str, study_id: int, name: str) -> None:
    """Give a study another name.

    Raises:
        EngineError: another study has it, or the store cannot be written.
    """
    from engine.store.names import rename_study as rename

    with _open(store) as opened:
        rename(opened, study_id, name)


def set_study_note(store: str, study_id: int, note: str) -> None:
    """Write a note on a study; an empty one takes it away.

    Raises:
        EngineError: it is too long, or the store cannot be written.
    """
    from engine.store.remarks import set_study_note as write

    with _open(store) as opened:
        write(opened, study_id, note)


def _open(store: str) -> "closing[Store]":
    from engine.store.connection import open_store

    return closing(open_store(store, create=False))
