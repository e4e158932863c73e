"""Entrants: the rows of the arena, written ``METHOD[@RATES][,option=value…]``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from engine.errors import UsageError, shown, unknown_name
from engine.profiles.profile import is_rate, short_rate
from engine.spec.methods import METHODS, OptionValue, method_entry, own_name, read_options

DEFAULT_RATE: Final = 2e-5

FLAT_TUNED: Final = "flat-tuned"
FLAT_FIRST: Final = "flat-first"
FLAT_LATER: Final = "flat-later"
LLRD_TUNED: Final = "llrd-tuned"
BERTCL: Final = "bertcl"
COMBINED: Final = "combined"
BERTCL_LATER: Final = "bertcl-later"
COMBINED_LATER: Final = "combined-later"
PUBLISHED: Final = "published"

RATES: Final[Mapping[str, str]] = {
    FLAT_TUNED: "the best rate of a search for one rate",
    FLAT_FIRST: "the same, by the first task alone, as it was known when it had been learnt",
    FLAT_LATER: "the best rate of a search of the later stages; stage 1 has its own",
    LLRD_TUNED: "the best of a search for a rate and its decay per layer",
    BERTCL: "the best profile of a search on that very sequence",
    COMBINED: "the combination of all searches for a profile (equation 1)",
    BERTCL_LATER: "the best profile of a search of the later stages on that very sequence",
    COMBINED_LATER: "the combination of all searches of the later stages; stage 1 is flat",
    PUBLISHED: "the combination that the paper's authors published",
}
"""What rates can be called, besides a number and a profile's file."""

OF_LATER_STAGES: Final = (FLAT_LATER, BERTCL_LATER, COMBINED_LATER)
"""Those that bring a rate of stage 1 along."""

_BY_ITSELF: Final = {
    FLAT_TUNED: "flat",
    FLAT_FIRST: "flat",
    FLAT_LATER: "flat",
    LLRD_TUNED: "llrd",
    BERTCL: "profile",
    COMBINED: "profile",
    BERTCL_LATER: "profile",
    COMBINED_LATER: "profile",
    PUBLISHED: "profile",
}
"""The method that is meant where only the rates are named."""
_TITLES: Final = {
    FLAT_TUNED: "flat tuned",
    FLAT_FIRST: "flat tuned on the first task",
    FLAT_LATER: "flat tuned (later stages)",
    LLRD_TUNED: "LLRD tuned",
    BERTCL: "BERTcL",
    COMBINED: "BERTcL combined",
    BERTCL_LATER: "BERTcL (later stages)",
    COMBINED_LATER: "BERTcL combined (later stages)",
    PUBLISHED: "BERTcL published",
}
_OF_LLRD: Final = {"llrd": (LLRD_TUNED,)}
_ONE_RATE: Final = {
    entry.name: (FLAT_TUNED, FLAT_FIRST, FLAT_LATER, *_OF_LLRD.get(entry.name, ()))
    for entry in METHODS
    if not entry.takes_profile
}
"""Methods that carry no profile, and the named rates that they can use."""


class Entrant(Struct, frozen=True, kw_only=True):
    """A method, and how its learning rates come about."""

    method: str
    rates: float | str
    """A learning rate, a name of ``RATES``, or the path of a profile."""
    options: dict[str, OptionValue] = {}
    """The method's own that were given, but for its rates."""

    @property
    def file(self) -> Path | None:
        """The profile that the rates come from, if they come from one."""
        return Path(str(self.rates)) if _is_file(self.rates) else None

    @property
    def name(self) -> str:
        """How it is written; ``parse_entrant`` reads it again."""
        if not self.options and _default_method(self.rates) == self.method:
            return str(self.rates)
        options = (f"{name}={_shown(value)}" for name, value in sorted(self.options.items()))
        return ",".join((f"{self.method}@{_shown(self.rates)}", *options))

    @property
    def title(self) -> str:
        """How tables call it."""
        rates = self._rates_title()
        if _default_method(self.rates) == self.method or self.method == "profile":
            title = rates
        elif isinstance(self.rates, float):
            title = f"{method_entry(self.method).title} {rates}"
        else:
            title = f"{method_entry(self.method).title} @ {rates}"
        return ", ".join((title, *(f"{k} {_shown(v)}" for k, v in sorted(self.options.items()))))

    def _rates_title(self) -> str:
        return self.file.stem if self.file else _TITLES.get(str(self.rates), _shown(self.rates))


def parse_entrants(text: str, lr: float = DEFAULT_RATE) -> tuple[Entrant, ...]:
    """Read entrants with commas between them; ``option=value`` belongs to the one before it.

    Args:
        text: like ``flat,flat@5e-5,ewc-task@flat-tuned,importance=500,combined``.
        lr: the learning rate of methods that name none.

    Raises:
        UsageError: one of them cannot be read, or comes twice.
    """
    words = split_entrants(text)
    if not words:
        raise UsageError("no method yet; name some, like flat,ewc-task,combined")
    found = tuple(parse_entrant(word, lr) for word in words)
    for entrant in found:
        if found.count(entrant) > 1:
            raise UsageError(
                f"'{shown(entrant.name)}' is given twice; each stands in the table once"
            )
    return found


def split_entrants(text: str) -> list[str]:
    """Return what is written of each entrant, its options with it."""
    words: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        if "=" in part and "@" not in part and words:
            words[-1] += f",{part}"
        else:
            words.append(part)
    return words


def parse_entrant(text: str, lr: float = DEFAULT_RATE) -> Entrant:
    """Read one entrant.

    Raises:
        UsageError: there is no such method, rate or option, or they do not go together.
    """
    head, *parts = text.split(",")
    method, at, rates = (part.strip() for part in head.partition("@"))
    if not at:
        alone = _default_method(method)
        method, rates = (alone, method) if alone else (method, "")
    method = own_name(method)
    if method not in {entry.name for entry in METHODS}:
        known = (*(entry.name for entry in METHODS if entry.name != "profile"), *RATES)
        raise UsageError(f"{unknown_name('method', method, known)}, or a profile's file")
    entrant = Entrant(method=method, rates=_read_rates(method, rates, lr), options=_options(parts))
    _refuse_misfit(entrant)
    return entrant


def recorded_entrant(name: str) -> Entrant:
    """Read an entrant that a store has, whatever became of its rates since."""
    try:
        return parse_entrant(name)
    except UsageError:
        head, *parts = name.split(",")
        method, _, rates = head.partition("@")
        return Entrant(method=method, rates=rates, options=_options(parts))


def reference_of(entrants: Sequence[Entrant]) -> Entrant:
    """Return the row that the others are compared with, column by column."""
    flat = (item for item in entrants if item.method == "flat" and isinstance(item.rates, float))
    return next(flat, entrants[0])


def headline_reference(entrants: Sequence[Entrant]) -> Entrant:
    """Return the row that the others are compared with over all columns: tuned flat, if any is."""
    tuned = (item for item in entrants if (item.method, item.rates) == ("flat", FLAT_TUNED))
    return next(tuned, reference_of(entrants))


def _default_method(rates: float | str) -> str | None:
    """Return the method of rates that are named without one."""
    return "profile" if _is_file(rates) else _BY_ITSELF.get(str(rates))


def _is_file(rates: float | str) -> bool:
    return isinstance(rates, str) and rates.endswith(".json")


def _read_rates(method: str, text: str, lr: float) -> float | str:
    if not text and method == "profile":
        raise UsageError("method profile needs rates; use bertcl, combined, or a profile's file")
    if not text:
        return lr
    if text in RATES or _is_file(text):
        return text
    try:
        rate = float(text)
    except ValueError:
        known = ", ".join(RATES)
        raise UsageError(
            f"no rates '{shown(text)}' for method {method}; use {known}, a number like 2e-5, or a "
            "profile's file (.json)"
        ) from None
    if not is_rate(rate):
        raise UsageError(f"learning rate {text} must be above 0 and at most 1; write one like 2e-5")
    return rate


def _options(parts: Sequence[str]) -> dict[str, OptionValue]:
    options: dict[str, OptionValue] = {}
    for part in parts:
        name, _, value = (word.strip() for word in part.partition("="))
        if not name or not value:
            raise UsageError(f"'{shown(part)}' is no option; write one like importance=500")
        options[name] = _value(value)
    return options


def _value(text: str) -> OptionValue:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _refuse_misfit(entrant: Entrant) -> None:
    """Refuse rates that the method cannot use, and options it does not have."""
    method, rates = entrant.method, entrant.rates
    if rates in OF_LATER_STAGES and method_entry(method).one_stage:
        raise UsageError(f"method {method} learns in one stage, and {rates} is for later ones")
    if "lr" in entrant.options:
        raise UsageError(f"the rate of {method} is written after @, like {method}@2e-5")
    usable = _ONE_RATE.get(method)
    if isinstance(rates, str) and usable is not None and rates not in usable:
        raise UsageError(
            f"method {method} takes one rate, not '{shown(rates)}'; use {' or '.join(usable)}"
        )
    if isinstance(rates, float) and method == "profile":
        raise UsageError(f"one rate is no profile; use flat@{short_rate(rates)}")
    if usable is None and isinstance(rates, str):
        read_options(method, entrant.options, has_profile=True)
    else:
        read_options(method, {"lr": DEFAULT_RATE, **entrant.options}, has_profile=False)


def _shown(value: float | int | str) -> str:
    if isinstance(value, float):
        return short_rate(value) if value and abs(value) < 1e-2 else f"{value:g}"  # noqa: PLR2004
    return str(value)
