"""What is found of the tasks that studies learn: whether they can be read, and are skewed."""

from collections.abc import Iterator
from contextlib import closing
from functools import cache

from bertcl_tui.doctor import Finding
from bertcl_tui.style.wording import count
from engine.errors import EngineError, UsageError
from engine.spec import StudySpec
from engine.store.connection import is_made, open_store
from engine.store.studies import get_study, study_ids
from engine.tasks.catalog import describe
from engine.tasks.facts import largest_class, remarks_of_skew
from engine.tasks.load import load_task


def find_tasks(store: str) -> Iterator[Finding]:
    """Yield what is to be said of the tasks of a store's studies; nothing where there is no store.

    Only rows that lie in files here are read: nothing is fetched from the hub.

    Args:
        store: URL, or path of a SQLite file.
    """
    try:
        if not is_made(store):
            return
        with closing(open_store(store, create=False)) as at, at.plain_errors():
            specs = [get_study(at, study_id).spec for study_id in study_ids(at)]
    except EngineError:  # what is wrong with the store is said elsewhere
        return
    yield from look_at_tasks(specs)


def look_at_tasks(specs: list[StudySpec]) -> Iterator[Finding]:
    """Yield what keeps tasks from being read, and which are skewed; else that there is none."""
    share_of = cache(_share)
    troubles: dict[str, None] = {}
    looked_at: set[tuple[str, str]] = set()
    for spec in specs:
        shares: list[tuple[str, float]] = []
        for task in spec.sequence:
            try:
                whole = describe(task, spec.data).whole
                share = share_of(whole, spec.data)
            except UsageError as error:
                troubles[str(error)] = None
                continue
            if share is not None:
                shares.append((whole, share))
                looked_at.add((whole, spec.data))
        troubles |= dict.fromkeys(remarks_of_skew(shares, spec.protocol))
    for trouble in troubles:
        yield Finding("tasks", "note", trouble)
    if looked_at and not troubles:
        yield Finding(
            "tasks", "good", f"{count(len(looked_at), 'task')} of studies read, nothing amiss"
        )


def _share(task: str, data: str) -> float | None:
    """Return the share of a task's largest class; None: its rows lie on the hub."""
    if not describe(task, data).origin.files():
        return None
    return largest_class(load_task(task, data).train.labels)
