"""Asking for the searches that a table of the arena needs. Light."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from engine.arena.needs import Need
from engine.arena.wanted import Wanted
from engine.spec import SearchSettings, StudySpec, sequence_name
from engine.store.connection import Store
from engine.store.studies import create_study, free_name, wish_for_study
from engine.work.requests import check_search

_MOST_TRIALS: Final = 10_000
"""A search that is bound by epochs ends long before."""


def ask_for_searches(
    store: Store,
    wanted: Wanted,
    needs: Sequence[Need],
    settings: SearchSettings,
    *,
    seed: int = 0,
) -> list[int]:
    """Start the searches that are missing and can begin, let paused ones go on; return all at work.

    Args:
        store: where they are kept.
        wanted: the table they are for.
        needs: what ``search_needs`` found.
        settings: of a search for a profile, with its number of trials. The other searches are bound
            by the epochs of theirs, or by that number where there is none.
        seed: of every search.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had.
    """
    at_work: list[int] = []
    for need in needs:
        if need.met or (need.found is None and need.waits):
            continue
        if need.found is None:
            spec = _spec(wanted, need, settings, seed)
            check_search(spec)
            at_work.append(create_study(store, replace(spec, name=free_name(store, spec.name))))
            continue
        if need.found.study.desired == "paused":
            wish_for_study(store, need.found.study.id, "running")
        at_work.append(need.found.study.id)
    return at_work


def _spec(wanted: Wanted, need: Need, settings: SearchSettings, seed: int) -> StudySpec:
    name = sequence_name(need.sequence)
    if need.yardstick is not None:
        epochs = need.yardstick.epochs
        settings = replace(settings, trials=_MOST_TRIALS, budget_epochs=epochs)
    return StudySpec(
        name=name if need.method == "profile" else f"{name}-{need.method}",
        sequence=need.sequence,
        data=wanted.data,
        model=wanted.model,
        method=need.method,
        protocol=wanted.protocol,
        search=settings,
        seed=seed,
        device=wanted.device,
    )
