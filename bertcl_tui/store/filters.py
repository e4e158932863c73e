"""The filter language, ``lr3>1e-5 p_o>0.6 state:complete``, and how what is typed could go on.

Every term must hold.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import isfinite, nan
from typing import Final, Literal, get_args

from msgspec import Struct

from bertcl_tui.store.trial_rows import StudyState
from engine.errors import UsageError, did_you_mean, nearest, shown

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
_TERM: Final = re.compile(r"([A-Za-z_#]\w*)(>=|<=|!=|[<>=:])(.*)")
_SPACED: Final = re.compile(r"\s*(>=|<=|!=|[<>=:])\s*")
_OPERATORS: Final[dict[str, Operator]] = {
    ">=": ">=",
    "<=": "<=",
    "!=": "!=",
    ">": ">",
    "<": "<",
    "=": "=",
    ":": "=",
}
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_TIME: Final = re.compile(rf"([\d.]+)({'|'.join(_SECONDS)})")
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
        words={
            "state": get_args(StudyState),
            "model": (),
            "sequence": (),
            "name": (),
            "note": (),
        },
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


def parse_filter(text: str, fields: Fields) -> Filter:
    """Read a filter. The bare name of a field asks for nothing yet: it is being written.

    Raises:
        UsageError: a field, word or number that is none; the message names it and what there is.
    """
    names = {*fields.numbers, *fields.words}
    return tuple(_term(term, fields) for term in closed_up(text).split() if term not in names)


def filter_text(where: Filter) -> str:
    """Write a filter as it could have been typed."""
    terms = []
    for term in where:
        if isinstance(term, NumberTerm):
            terms.append(f"{term.field}{term.operator}{term.value:.6g}".replace("e-0", "e-"))
        elif term.field == ANYWHERE:
            terms.append(",".join(term.words))
        else:
            operator = ":" if term.operator == "=" else term.operator
            terms.append(f"{term.field}{operator}{','.join(term.words)}")
    return " ".join(terms)


def bounds_in(where: Filter, field: str) -> tuple[float | None, float | None]:
    """Return from where to where a filter lets a number be; None: it may be as small, or large."""
    terms = [term for term in where if isinstance(term, NumberTerm) and term.field == field]
    low = max((term.value for term in terms if term.operator in (">", ">=", "=")), default=None)
    high = min((term.value for term in terms if term.operator in ("<", "<=", "=")), default=None)
    return low, high


def with_bounds(text: str, bounds: Mapping[str, tuple[str, str]], fields: Fields) -> str:
    """Return a filter that lets numbers be from here to there, whatever it said of them before.

    Args:
        text: of the filter.
        bounds: lower and upper one by field; empty: there is none.
        fields: what the filter can ask for.
    """
    terms = [term for term in closed_up(text).split() if not _is_bound(term, bounds, fields)]
    for field, (low, high) in bounds.items():
        terms += [f"{field}>={low}"] * bool(low) + [f"{field}<={high}"] * bool(high)
    return " ".join(terms)


def _is_bound(term: str, bounds: Collection[str], fields: Fields) -> bool:
    return any(
        isinstance(each, NumberTerm) and each.field in bounds and each.operator != "!="
        for each in parse_filter(term, fields)
    )


def closed_up(text: str) -> str:
    """Return a filter without the spaces around its operators."""
    return _SPACED.sub(r"\1", text)


def _term(term: str, fields: Fields) -> NumberTerm | WordTerm:
    match = _TERM.fullmatch(term)
    if match is None:
        if _SPACED.match(term):
            raise UsageError(f"filter: '{shown(term)}' compares nothing; write it like p_o>0.6")
        return WordTerm(ANYWHERE, "=", (term.lower(),))
    name, written, value = match.groups()
    operator = _OPERATORS[written]
    if name in fields.numbers:
        return NumberTerm(
            fields.numbers[name], operator, _number(term, name, value, time=name in fields.times)
        )
    if name in fields.words:
        return WordTerm(name, _equality(term, operator), _words(name, value, fields))
    near, known = nearest(name, [*fields.numbers, *fields.words]), ", ".join(_known(fields))
    raise UsageError(f"filter: no field named '{shown(name)}'; {did_you_mean(near)} {known}")


def _known(fields: Fields) -> list[str]:
    rates = [name for name in fields.numbers if re.fullmatch(r"lr\d+", name)]
    others = [name for name in fields.numbers if name not in rates]
    span = [f"{rates[0]}..{rates[-1]}"] if rates else []
    return [*others, *span, *fields.words]


def _number(term: str, name: str, value: str, *, time: bool) -> float:
    timed = _TIME.fullmatch(value.lower()) if time else None
    digits, unit = timed.groups() if timed else (value, "s")
    try:
        number = float(digits)
    except ValueError:
        number = nan
    if not isfinite(number):
        example = f"{name}>5m" if time else f"{name}>1e-5"
        raise UsageError(
            f"filter: '{shown(term)}' compares {name} with no number; write it like {example}"
        )
    return number * _SECONDS[unit]


def _equality(term: str, operator: Operator) -> Literal["=", "!="]:
    if operator == "=":
        return "="
    if operator == "!=":
        return "!="
    raise UsageError(f"filter: '{shown(term)}' orders words; use : or != there")


def _words(name: str, value: str, fields: Fields) -> tuple[str, ...]:
    words = tuple(word for word in value.lower().split(",") if word)
    allowed = fields.words[name]
    if not words:
        known = f", one of {', '.join(allowed)}" if allowed else ""
        raise UsageError(f"filter: '{name}:' wants a word after it{known}")
    for word in words:
        if allowed and word not in allowed:
            raise UsageError(
                f"filter: no {name} '{shown(word)}'; it is one of {', '.join(allowed)}"
            )
    return words


_BEGUN: Final = re.compile(r"([A-Za-z_#]\w*)(>=|<=|!=|[<>=:])(.*)")
_NAME: Final = re.compile(r"[A-Za-z_#]\w*")
_COMPARISONS: Final = (">", "<", ">=", "<=", "=", "!=")
_SOME_RATES: Final = 2
"""Rates that are named one by one before a span stands for all."""
_MOST: Final = 100


class Completion(Struct, frozen=True):
    """What can follow."""

    typed: str
    """The last piece, which would be replaced."""
    words: tuple[str, ...]
    """What could stand instead, the likeliest first."""
    hint: str
    """One line for the person."""


def complete(text: str, fields: Fields) -> Completion:
    """Say how a text goes on at its end."""
    text = closed_up(text)
    term = "" if text.endswith(" ") else (text.split() or [""])[-1]
    begun = _BEGUN.fullmatch(term)
    if begun is None:
        return _name(term, fields)
    name, _, value = begun.groups()
    if name in fields.words:
        return _word(name, value.rpartition(",")[2], fields)
    if name in fields.numbers and not value:
        unit = "seconds, or with a unit: 90s, 5m, 2h" if name in fields.times else "like 1e-5"
        return Completion("", (), f"{name}: a number, {unit}")
    return Completion("", (), "")


def completed(text: str, fields: Fields) -> str | None:
    """Return the text with its last piece completed, None where nothing is begun."""
    found = complete(text, fields)
    if not found.typed or not found.words or found.words[0] == found.typed:
        return None
    return text[: len(text) - len(found.typed)] + found.words[0]


def _name(typed: str, fields: Fields) -> Completion:
    if typed in fields.numbers:
        return Completion(typed, (typed,), f"{typed}: compare it by {' '.join(_COMPARISONS)}")
    names = [f"{name}:" for name in fields.words] + list(fields.numbers)
    words = tuple(name for name in names if name.startswith(typed))
    if not words:
        bare = "" if _NAME.fullmatch(typed) is None else f"any text with '{shown(typed)}'"
        return Completion(typed, (), bare)
    return Completion(typed, words, "  ".join(_shortened(words)))


def _word(name: str, typed: str, fields: Fields) -> Completion:
    known = fields.words[name] or fields.offered.get(name, ())
    words = tuple(word for word in known if word.startswith(typed.lower()))
    if typed in words:
        return Completion(typed, (typed,), "a comma means or; a space adds another term")
    if not words:
        hint = "" if fields.words[name] else f"any text; with '{shown(typed)}' in its {name}"
        return Completion(typed, (), hint if typed else f"{name}: any text, commas mean or")
    return Completion(typed, words, "  ".join(words))


def _shortened(words: Iterable[str]) -> list[str]:
    """Return words with a span for the rates: ``lr0..lr7``."""
    rates = [word for word in words if re.fullmatch(r"lr\d+", word)]
    if len(rates) <= _SOME_RATES:
        return list(words)
    others = [word for word in words if word not in rates]
    return [*others, f"{rates[0]}..{rates[-1]}"]


class History:
    """Steps back and forth through earlier filters; what is being written stands at the end.

    Args:
        texts: earlier filters.
        table: what they are remembered under; empty: none is saved.
        saved: filters that have a name, by it.
    """

    def __init__(
        self,
        texts: Sequence[str] = (),
        *,
        table: str = "",
        saved: Mapping[str, str] | None = None,
    ) -> None:
        self._texts = list(texts)
        self.table, self.saved = table, saved or {}
        self._place: int | None = None
        self._draft = ""

    def remember(self, text: str) -> None:
        """Keep a filter as the latest; the same one twice is kept once."""
        self._place = None
        if text.strip():
            self._texts = [*(kept for kept in self._texts if kept != text), text][-_MOST:]

    def older(self, current: str) -> str | None:
        """Return the one before, None where there is none."""
        place = len(self._texts) if self._place is None else self._place
        if place == 0:
            return None
        if self._place is None:
            self._draft = current
        self._place = place - 1
        return self._texts[self._place]

    def newer(self) -> str | None:
        """Return the one after, None where the person is not going back."""
        if self._place is None:
            return None
        self._place += 1
        if self._place < len(self._texts):
            return self._texts[self._place]
        self._place = None
        return self._draft

    def leave(self) -> None:
        """Begin at the end the next time."""
        self._place = None
