"""What a filter asks for, as plain values."""

from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

Operator = Literal[">", ">=", "<", "<=", "=", "!="]

_COMPARE: Final[dict[Operator, Callable[[float, float], bool]]] = {
    ">": float.__gt__,
    ">=": float.__ge__,
    "<": float.__lt__,
    "<=": float.__le__,
    "=": float.__eq__,
    "!=": float.__ne__,
}


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
ANYWHERE: Final = "text"
"""The field of a word that stands alone: all that can be read of a thing."""


def fits(
    terms: Filter,
    number: Callable[[str], float | None],
    text: Callable[[str], str],
) -> bool:
    """Tell whether a thing fits, given its numbers and texts by field."""
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
