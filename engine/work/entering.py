"""Asking for the runs that a table of the arena lacks. Light."""

from collections.abc import Callable, Sequence

from engine.arena.confirming import Repetition
from engine.arena.wanted import WantedRun, spec_key
from engine.spec import RunSpec
from engine.store.confirmations import confirm_trial
from engine.store.connection import Store
from engine.store.entries import enter_run
from engine.store.runs import control_run, create_run
from engine.work.requests import check

_OVER_WITHOUT_RESULT = ("failed", "stopped", "collapsed")


def enter_runs(
    store: Store,
    runs: Sequence[WantedRun],
    *,
    retry: bool = False,
    before_writing: Callable[[], None] = lambda: None,
) -> int:
    """Queue runs that are missing, and enter every run into its row; return how many are new.

    Paused runs go on. Two rows that come to the same rates share their runs.

    Args:
        store: where the runs are kept.
        runs: of a plan.
        retry: ask once more for what failed, collapsed or was stopped.
        before_writing: called once all is checked; what it raises keeps the store as it is.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had; nothing was written.
    """
    again = _OVER_WITHOUT_RESULT if retry else ()
    asked = [run for run in runs if run.state in ("missing", *again)]
    if asked:
        check(*_each_kind(asked))
    before_writing()
    queued: dict[bytes, int] = {}
    for run in runs:
        run_id = None if run.record is None or run.state in again else run.record.id
        if run_id is None:
            key = spec_key(run.spec)
            run_id = queued.get(key)
            if run_id is None:
                run_id = queued[key] = create_run(store, run.spec, label=run.entrant.title)
        elif run.state == "paused":
            control_run(store, run_id, "running")
        enter_run(store, run_id, run.entrant.name, run.source)
    return len(queued)


def enter_repetitions(
    store: Store, repetitions: Sequence[Repetition], *, retry: bool = False
) -> list[int]:
    """Queue the repetitions of trials that are missing; return the runs of all.

    Paused runs go on.

    Args:
        store: where trials and runs are kept.
        repetitions: what ``plan_confirmation`` found there.
        retry: ask once more for what failed, collapsed or was stopped.

    Raises:
        UsageError: the model, the data or the device is not to be had; nothing was written.
    """
    again = _OVER_WITHOUT_RESULT if retry else ()
    asked = [item for item in repetitions if item.state in ("missing", *again)]
    if asked:
        check(asked[0].spec)
    queued: dict[bytes, int] = {}
    run_ids: list[int] = []
    for item in repetitions:
        if item.record is not None and item.state not in again:
            run_id = item.record.id
            if item.state == "paused":
                control_run(store, run_id, "running")
        elif (key := spec_key(item.spec)) in queued:
            run_id = queued[key]
        else:
            label = f"again #{item.trial.number}"
            run_id = queued[key] = create_run(store, item.spec, label=label)
        confirm_trial(store, item.trial.id, run_id)
        run_ids.append(run_id)
    return run_ids


def _each_kind(runs: Sequence[WantedRun]) -> list[RunSpec]:
    """Return a run of each sequence and of each method: what these need, the others need."""
    by_sequence = {run.spec.sequence: run.spec for run in runs}
    by_method = {(run.entrant.method, str(run.entrant.options)): run.spec for run in runs}
    kinds = (*by_sequence.values(), *by_method.values())
    return list({spec_key(spec): spec for spec in kinds}.values())
