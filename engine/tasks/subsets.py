"""Parts of a task, by which it is shifted against itself (Table 4 of the paper); finding by name.

Light: the screen uses it. Which rows belong to a part is decided in ``engine.tasks.shift_sides``.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeVar

from msgspec import Struct

from engine.errors import UsageError, did_you_mean, nearest, shown

Shift = Literal["length", "cluster"]


class Subset(Struct, frozen=True, kw_only=True):
    """One of the two parts of a shift."""

    name: str
    shift: Shift
    side: Literal[0, 1]
    description: str
    """Continues the sentence ``Only …``."""


SUBSETS = (
    Subset(name="short", shift="length", side=0, description="the half with the shorter texts"),
    Subset(name="long", shift="length", side=1, description="the half with the longer texts"),
    Subset(
        name="cluster0",
        shift="cluster",
        side=0,
        description="the larger cluster, as the pretrained backbone sees the texts",
    ),
    Subset(
        name="cluster1",
        shift="cluster",
        side=1,
        description="the smaller cluster, as the pretrained backbone sees the texts",
    ),
)


def split_name(name: str) -> tuple[str, str | None]:
    """Return the task that ``name`` names, and which part of it, if not all: ``TASK/PART``."""
    whole, slash, part = name.partition("/")
    return whole.strip(), part.strip() if slash else None


def subset_names(task: str) -> tuple[str, ...]:
    """Return the names of a task's parts."""
    return tuple(f"{task}/{subset.name}" for subset in SUBSETS)


def find_subset(part: str, task: str) -> Subset:
    """Return the part of that name; ``Cluster 0`` and ``cluster0`` are the same.

    Raises:
        UsageError: there is none.
    """
    subset = find_named(part, SUBSETS)
    if subset is not None:
        return subset
    near = nearest_name(part, [subset.name for subset in SUBSETS])
    hint = did_you_mean(near and f"{task}/{near}")
    raise UsageError(
        f"task '{shown(task)}' has no part '{shown(part)}'; {hint} {', '.join(subset_names(task))}"
    )


def counterpart(name: str) -> str | None:
    """Return the other part of the same shift, None for a whole task or no part that is known."""
    whole, part = split_name(name)
    for one in SUBSETS:
        for other in SUBSETS:
            if one.name == part and other.shift == one.shift and other is not one:
                return f"{whole}/{other.name}"
    return None


def share_rows(name: str, other: str) -> bool:
    """Tell whether a row may be in both: of one task, all but the two parts of one shift do."""
    return split_name(name)[0] == split_name(other)[0] and counterpart(name) != other


def first_clash(names: Sequence[str]) -> tuple[str, str] | None:
    """Return the first two names of a sequence that share rows."""
    for index, name in enumerate(names):
        for earlier in names[:index]:
            if share_rows(earlier, name):
                return earlier, name
    return None


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
    near = nearest(_letters(name), by_letters)
    return None if near is None else by_letters[near]


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
