"""The filter language: ``lr3>1e-5 p>1.4 state:complete``; every term must hold."""

import re
from collections.abc import Callable, Mapping
from math import isnan, nan
from typing import Final, Literal, get_args

from msgspec import Struct

from bertcl_tui.rows import StudyState, TrialState
from engine.errors import UsageError

Operator = Literal[">", ">=", "<", "<=", "=", "!="]

_TERM: Final = re.compile(r"([A-Za-z_#]\w*)(>=|<=|!=|[<>=:])(.*)")
_OPERATORS: Final[dict[str, Operator]] = {
    ">=": ">=",
    "<=": "<=",
    "!=": "!=",
    ">": ">",
    "<": "<",
    "=": "=",
    ":": "=",
}
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


class Fields(Struct, frozen=True, kw_only=True):
    """What can be asked for of the things in a list."""

    numbers: Mapping[str, str]
    """The field behind each name a person may write."""
    words: Mapping[str, tuple[str, ...]]
    """The words that a field may have; none: any."""
    example: str


STUDY_FIELDS: Final = Fields(
    numbers={name: name for name in ("p", "p_o", "p_s", "trials")},
    words={
        "state": get_args(StudyState),
        "model": (),
    },
    example="state:running sst2",
)


def trial_fields(choices: int) -> Fields:
    """Return what can be asked for of trials whose profile has that many choices."""
    rates = {f"lr{index}": f"lr{index}" for index in range(choices)}
    ends = {"embeddings": "lr0", "head": f"lr{choices - 1}"} if choices else {}
    return Fields(
        numbers={
            "p": "p",
            "p_o": "p_o",
            "p_s": "p_s",
            "step": "step",
            "#": "number",
            "number": "number",
            **rates,
            **ends,
        },
        words={"state": get_args(TrialState)},
        example="lr3>1e-5 p>1.4 state:complete",
    )


def parse_filter(text: str, fields: Fields) -> Filter:
    """Read a filter. The bare name of a field asks for nothing yet: it is being written.

    Raises:
        UsageError: a field, word or number that is none; the message names it and what there is.
    """
    names = {*fields.numbers, *fields.words}
    return tuple(_term(term, fields) for term in text.split() if term not in names)


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


def _term(term: str, fields: Fields) -> NumberTerm | WordTerm:
    match = _TERM.fullmatch(term)
    if match is None:
        return WordTerm(ANYWHERE, "=", (term.lower(),))
    name, written, value = match.groups()
    operator = _OPERATORS[written]
    if name in fields.numbers:
        return NumberTerm(fields.numbers[name], operator, _number(term, name, value))
    if name in fields.words:
        return WordTerm(name, _equality(term, operator), _words(name, value, fields))
    known = ", ".join(_known(fields))
    raise UsageError(f"filter: '{name}' is nothing to ask for; there is {known}")


def _known(fields: Fields) -> list[str]:
    rates = [name for name in fields.numbers if re.fullmatch(r"lr\d+", name)]
    others = [name for name in fields.numbers if name not in rates]
    span = [f"{rates[0]}..{rates[-1]}"] if rates else []
    return [*others, *span, *fields.words]


def _number(term: str, name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = nan
    if isnan(number):
        raise UsageError(
            f"filter: '{term}' compares {name} with no number; write it like {name}>1e-5"
        )
    return number


def _equality(term: str, operator: Operator) -> Literal["=", "!="]:
    if operator == "=":
        return "="
    if operator == "!=":
        return "!="
    raise UsageError(f"filter: '{term}' orders words; use : or != there")


def _words(name: str, value: str, fields: Fields) -> tuple[str, ...]:
    words = tuple(word for word in value.lower().split(",") if word)
    allowed = fields.words[name]
    if not words:
        known = f", one of {', '.join(allowed)}" if allowed else ""
        raise UsageError(f"filter: '{name}:' wants a word after it{known}")
    for word in words:
        if allowed and word not in allowed:
            raise UsageError(f"filter: no {name} '{word}'; it is one of {', '.join(allowed)}")
    return words
