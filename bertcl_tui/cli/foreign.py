"""Rates from elsewhere, and what people write beside them on a command line."""

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.profiles import Grouping
from engine.profiles.profile import is_rate, llrd_rates
from engine.store.studies import FinishedTrial
from engine.trainers.imports.trials_table import KNOWN


class Rates(Struct, frozen=True, kw_only=True):
    """One rate per choice, and where they are from."""

    grouping: Grouping
    learning_rates: tuple[float, ...]
    source: str
    """A file's name, or what was typed."""
    label: str
    """What a trial with them is called."""
    notes: tuple[str, ...] = ()
    """What is other than it was there, a line each."""

    @property
    def preset(self) -> str:
        """The grouping by its name.

        Raises:
            UsageError: it has none, so that no study can have it.
        """
        if self.grouping.preset == "custom":
            raise UsageError(
                f"{shown(self.source)} groups layers in its own way, and a study knows paper and "
                "original-code; leave --scores away, and use it as a profile"
            )
        return self.grouping.preset


def from_llrd(text: str, grouping: Grouping) -> Rates:
    """Read ``RATE,DECAY``: the heads' and the top layer's rate, and the factor to the one below.

    Raises:
        UsageError: it is something else.
    """
    rate, decay = _two_numbers(text, "--llrd", "a rate and a decay, such as 2e-5,0.9")
    if not (is_rate(rate) and 0.0 < decay <= 1.0):
        raise UsageError(f"--llrd {shown(text)}: rate and decay must be above 0 and at most 1")
    return Rates(
        grouping=grouping,
        learning_rates=llrd_rates(rate, decay, grouping),
        source=f"llrd {shown(text)}",
        label=f"llrd {decay:g}",
    )


def scores_of(text: str, rates: Rates) -> FinishedTrial:
    """Return the trial of rates that came to ``P_O,P_S``.

    Raises:
        UsageError: these are no two accuracies.
    """
    p_o, p_s = _two_numbers(text, "--scores", "two accuracies, such as 0.88,0.71")
    for accuracy in (p_o, p_s):
        if not 0.0 <= accuracy <= 1.0:
            raise UsageError(f"--scores {shown(text)}: an accuracy must be from 0 to 1")
    return FinishedTrial(
        learning_rates=rates.learning_rates, accuracies=((), (p_o, p_s)), label=rates.label
    )


def pairs_of(text: str) -> dict[str, str]:
    """Read ``NAME=COLUMN,…``.

    Raises:
        UsageError: a name is none of ours, or something is no pair.
    """
    pairs: dict[str, str] = {}
    for word in filter(None, text.split(",")):
        name, equals, column = word.partition("=")
        name = name.strip()
        is_known = name in KNOWN or (name.startswith("lr") and name[2:].isdecimal())
        if not (equals and column and is_known):
            raise UsageError(
                f"--columns has '{shown(word, 40)}'; write NAME=COLUMN, with a name of "
                f"{', '.join(KNOWN)}, lr0, lr1 …"
            )
        if name in pairs:
            raise UsageError(f"--columns has {name} twice; leave one away")
        pairs[name] = column.strip()
    return pairs


def _two_numbers(text: str, flag: str, what: str) -> tuple[float, float]:
    try:
        one, other = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"{flag} is '{shown(text, 40)}'; write {what}") from None
    return one, other
