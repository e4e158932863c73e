"""Having trials run again with fresh seeds, from the screen. May block."""

from collections.abc import Collection

from msgspec import Struct

from engine.arena.confirming import plan_confirmation
from engine.store.connection import open_store
from engine.store.studies import get_study
from engine.work.requests import enter_repetitions


class Again(Struct, frozen=True, kw_only=True):
    """What is to be run again."""

    study_id: int
    numbers: frozenset[int]
    """Of the trials; none: the best ones."""
    top: int
    """How many of the best trials, where none is named."""
    seeds: int


def confirm_trials(store: str, again: Again) -> int:
    """Ask for runs of these trials with fresh seeds; return how many there are, old and new.

    Raises:
        UsageError: the study was searched elsewhere, none of the trials is complete, or the model,
            the data or the device is not to be had.
        EngineError: the store cannot be written.
    """
    opened = open_store(store, create=False)
    try:
        study = get_study(opened, again.study_id)
        planned = plan_confirmation(
            opened, study, top=again.top, seeds=again.seeds, numbers=again.numbers
        )
        return len(enter_repetitions(opened, planned))
    finally:
        opened.close()


def chosen_trials(complete: Collection[int], numbers: Collection[int], top: int) -> tuple[int, ...]:
    """Return which trials would be run again, given the complete ones, best first."""
    if numbers:
        return tuple(number for number in complete if number in numbers)
    return tuple(complete)[:top]
