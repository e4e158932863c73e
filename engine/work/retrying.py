"""Having runs that ended without a result run once more. Light."""

from collections.abc import Collection

from engine.store.connection import Store
from engine.store.entries import runs_by_id
from engine.store.retry import retry_run
from engine.work.requests import check


def retry_runs(store: Store, run_ids: Collection[int]) -> None:
    """Check that these runs can be run, then queue each once more, as the same run.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had, so that none was
            queued; or a run is complete or not ended, so that it and those after it were not.
    """
    runs = runs_by_id(store, run_ids)
    kinds = {(run.study_id, None) if run.study_id else (None, run.id): run.spec for run in runs}
    check(*kinds.values())
    for run in runs:
        retry_run(store, run.id)
