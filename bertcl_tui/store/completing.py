"""How a filter that is being written could go on, and the earlier ones."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from bertcl_tui.store.filters import Fields, closed_up
from engine.errors import shown

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
    """Steps back and forth through earlier filters; what is being written stands at the end."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._texts = list(texts)
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
