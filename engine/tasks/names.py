"""Finding a task, or a part of one, by the name a person typed."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=Named)


def same_name(one: str, other: str) -> bool:
    """Tell whether two names differ only in case and punctuation, as ``SST-2`` and ``sst2``."""
    return _letters(one) == _letters(other)


def find_named(name: str, things: Iterable[Thing]) -> Thing | None:
    """Return the thing of that name: spelled exactly so if there is one, else nearly so."""
    candidates = [thing for thing in things if same_name(thing.name, name)]
    exact = [thing for thing in candidates if thing.name == name]
    return next(iter(exact + candidates), None)


def nearest_name(name: str, names: Sequence[str]) -> str | None:
    """Return the name most like ``name``, if any is."""
    by_letters = {_letters(known): known for known in names}
    return next((by_letters[near] for near in get_close_matches(_letters(name), by_letters)), None)


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
