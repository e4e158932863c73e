"""Finding a task by the name a person typed."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from engine.tasks.entry import TaskEntry


def same_name(one: str, other: str) -> bool:
    """Tell whether two names differ only in case and punctuation, as ``SST-2`` and ``sst2``."""
    return _letters(one) == _letters(other)


def find_entry(name: str, entries: Iterable[TaskEntry]) -> TaskEntry | None:
    """Return the entry of that name: spelled exactly so if there is one, else nearly so."""
    candidates = [entry for entry in entries if same_name(entry.name, name)]
    exact = [entry for entry in candidates if entry.name == name]
    return next(iter(exact + candidates), None)


def nearest_name(name: str, names: Sequence[str]) -> str | None:
    """Return the name most like ``name``, if any is."""
    by_letters = {_letters(known): known for known in names}
    return next((by_letters[near] for near in get_close_matches(_letters(name), by_letters)), None)


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
