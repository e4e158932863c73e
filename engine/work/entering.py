"""Asking for the runs that a table of the arena lacks. Light."""

from collections.abc import Sequence

from engine.arena.wanted import Plan, WantedRun, spec_key
from engine.spec import RunSpec
from engine.store.connection import Store
from engine.store.entries import enter_run
from engine.store.runs import create_run, wish_for_run
from engine.work.requests import check

_OVER_WITHOUT_RESULT = ("failed", "stopped", "collapsed")


def enter_runs(store: Store, plan: Plan, *, retry: bool = False) -> int:
    """Queue what a table lacks, and enter every run of it into its row; return how many are new.

    Paused runs go on. Two rows that come to the same rates share their runs.

    Args:
        store: where the runs are kept.
        plan: what ``make_plan`` found there.
        retry: ask once more for what failed, collapsed or was stopped.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had; nothing was written.
    """
    again = _OVER_WITHOUT_RESULT if retry else ()
    asked = plan.of("missing", *again)
    if asked:
        check(*_each_kind(asked))
    queued: dict[bytes, int] = {}
    for run in plan.runs:
        run_id = None if run.record is None or run.state in again else run.record.id
        if run_id is None:
            key = spec_key(run.spec)
            run_id = queued.get(key)
            if run_id is None:
                run_id = queued[key] = create_run(store, run.spec, label=run.entrant.title)
        elif run.state == "paused":
            wish_for_run(store, run_id, "running")
        enter_run(store, run_id, run.entrant.name, run.source)
    return len(queued)


def _each_kind(runs: Sequence[WantedRun]) -> list[RunSpec]:
    """Return a run of each sequence and of each method: what these need, the others need."""
    by_sequence = {run.spec.sequence: run.spec for run in runs}
    by_method = {(run.entrant.method, str(run.entrant.options)): run.spec for run in runs}
    kinds = (*by_sequence.values(), *by_method.values())
    return list({spec_key(spec): spec for spec in kinds}.values())
