"""What a person wants done to a study, written to the store. Each call may block: use a thread."""

from collections.abc import Sequence

from engine.store.states import Desired


def wish_for_studies(store: str, study_ids: Sequence[int], desired: Desired) -> None:
    """Want these studies running, paused or stopped; start workers where some should run.

    Raises:
        EngineError: the store cannot be written, or no worker can be started.
    """
    from engine.store.connection import open_store
    from engine.store.studies import wish_for_study

    opened = open_store(store, create=False)
    try:
        for study_id in study_ids:
            wish_for_study(opened, study_id, desired)
    finally:
        opened.close()
    if desired == "running":
        from engine.work.supervisor import ensure_workers

        ensure_workers(opened.url)
