"""Asking for the searches that a table of the arena needs. Light."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from engine.arena.needs import Need
from engine.spec import StudySpec, sequence_name
from engine.store.connection import Store
from engine.store.studies import control_study, create_study, free_name
from engine.work.requests import check_search

_MOST_TRIALS: Final = 1_000
"""A search that is bound by epochs ends long before."""


def ask_for_searches(
    store: Store,
    needs: Sequence[Need],
    like: StudySpec,
    *,
    before_writing: Callable[[], None] = lambda: None,
) -> list[int]:
    """Start the searches that are missing and can begin, let paused ones go on; return all at work.

    One that cannot begin yet has the search at work that it waits for.

    Args:
        store: where they are kept.
        needs: what ``search_needs`` found.
        like: a search for a profile, with its number of trials. The other methods' searches are
            bound by the epochs of theirs, or by that number where there is none.
        before_writing: called when something has been checked and is about to be written; what it
            raises leaves that out, and the rest.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had.
    """
    at_work: list[int] = []
    for need in needs:
        there = need.found or (need.yardstick if need.waits else None)
        if need.met or (need.waits and there is None):
            continue
        if there is None:
            spec = _spec(need, like)
            check_search(spec)
            before_writing()
            at_work.append(create_study(store, replace(spec, name=free_name(store, spec.name))))
            continue
        if there.study.desired == "paused":
            before_writing()
            control_study(store, there.study.id, "running")
        at_work.append(there.study.id)
    return list(dict.fromkeys(at_work))


def _spec(need: Need, like: StudySpec) -> StudySpec:
    name, search = sequence_name(need.sequence), like.search
    if need.yardstick is not None and need.yardstick.epochs > 0:
        search = replace(search, trials=_MOST_TRIALS, budget_epochs=need.yardstick.epochs)
    return replace(
        like,
        name=name if need.method == "profile" else f"{name}-{need.method}",
        sequence=need.sequence,
        method=need.method,
        search=search,
    )
