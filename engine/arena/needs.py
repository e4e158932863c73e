"""Which searches a table's rows need, and which of them are there."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from engine.arena.rates import searched_method
from engine.arena.wanted import Wanted
from engine.spec.run import SearchedMethod
from engine.store.connection import Store
from engine.store.finished import SearchRecord, searches

_METHODS: Final[tuple[SearchedMethod, ...]] = ("profile", "flat", "llrd")


class Need(Struct, frozen=True, kw_only=True):
    """A search on a sequence that some row is to have its rates from."""

    method: SearchedMethod
    sequence: tuple[str, ...]
    found: SearchRecord | None = None
    """The search that is there, over or not; None: nobody asked for it yet."""
    yardstick: SearchRecord | None = None
    """The search for a profile whose epochs this one may take."""
    waits: bool = False
    """Whether its yardstick is not over yet, so that nobody knows how much it may take."""

    @property
    def met(self) -> bool:
        return self.found is not None and self.found.over


def search_needs(
    store: Store, wanted: Wanted, sequences: Sequence[tuple[str, ...]]
) -> tuple[Need, ...]:
    """Return the searches that a table's rows need on these sequences, profiles first.

    Searches for one rate, or for one with a decay, may take what the search for a profile on the
    same sequence took, where the table has a row of such profiles.
    """
    there = searches(store, wanted.model, wanted.protocol)
    methods = {searched_method(entrant) for entrant in wanted.entrants}

    def find(method: SearchedMethod, sequence: tuple[str, ...]) -> SearchRecord | None:
        alike = [
            item
            for item in there
            if item.study.spec.method == method
            and item.study.spec.sequence == sequence
            and item.study.spec.data == wanted.data
        ]
        return next((item for item in alike if item.over), alike[-1] if alike else None)

    needs: list[Need] = []
    for method in _METHODS:
        for sequence in sequences if method in methods else ():
            profile = find("profile", sequence) if method != "profile" else None
            begun = profile is not None or "profile" in methods
            waits = method != "profile" and begun and not (profile and profile.over)
            needs.append(
                Need(
                    method=method,
                    sequence=sequence,
                    found=find(method, sequence),
                    yardstick=profile,
                    waits=waits,
                )
            )
    return tuple(needs)
