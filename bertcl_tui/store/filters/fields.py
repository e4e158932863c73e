"""What can be asked for of the things in a list, and the terms of a filter."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, get_args

from msgspec import Struct

from bertcl_tui.store.rows import StudyState

_STUDY_NUMBERS: Final = ("p", "p_o", "p_s", "trials", "rate")
Operator = Literal[">", ">=", "<", "<=", "=", "!="]
_COMPARE: Final[dict[Operator, Callable[[float, float], bool]]] = {
    ">": float.__gt__,
    ">=": float.__ge__,
    "<": float.__lt__,
    "<=": float.__le__,
    "=": float.__eq__,
    "!=": float.__ne__,
}
ANYWHERE: Final = "text"
"""The field of a word that stands alone: all that can be read of a thing."""


class Fields(Struct, frozen=True, kw_only=True):
    """The words of a filter."""

    numbers: Mapping[str, str]
    """The field behind each name a person may write."""
    words: Mapping[str, tuple[str, ...]]
    """The words that a field may have; none: any."""
    times: frozenset[str] = frozenset()
    """Those numbers that are seconds, and may be written with a unit."""
    offered: Mapping[str, tuple[str, ...]] = {}
    """Words that are offered where any may be written."""
    example: str


def study_fields(models: Sequence[str] = ()) -> Fields:
    """Return what can be asked for of studies, on these backbones."""
    return Fields(
        numbers={**{name: name for name in _STUDY_NUMBERS}, "eta": "eta"},
        words={"state": get_args(StudyState), "model": (), "sequence": (), "name": ()},
        times=frozenset({"eta"}),
        offered={"model": tuple(sorted({model.lower() for model in models}))},
        example="state:running sst2",
    )


class NumberTerm(Struct, frozen=True):
    """A number that is compared."""

    field: str
    operator: Operator
    value: float


class WordTerm(Struct, frozen=True):
    """A text that is, or is not, one of some words."""

    field: str
    operator: Literal["=", "!="]
    words: tuple[str, ...]


Filter = tuple[NumberTerm | WordTerm, ...]


def fits(
    terms: Filter,
    number: Callable[[str], float | None],
    text: Callable[[str], str],
) -> bool:
    """Return whether a thing fits, given its numbers and texts by field."""
    return all(_fits(term, number, text) for term in terms)


def _fits(
    term: NumberTerm | WordTerm,
    number: Callable[[str], float | None],
    text: Callable[[str], str],
) -> bool:
    if isinstance(term, NumberTerm):
        value = number(term.field)
        return value is not None and _COMPARE[term.operator](float(value), term.value)
    content = text(term.field).lower()
    if term.field == "state":
        found = content in term.words
    else:
        found = any(word in content for word in term.words)
    return found == (term.operator == "=")
