"""What programs are told of a trial."""

import re
from collections.abc import Sequence
from typing import Any, Final

from bertcl_tui.store.rows import TrialRow
from engine.errors import UsageError

RATES: Final = "learning_rates"
"""One for each choice; a table has a column for each: ``lr0``, ``lr1``, …"""
FACTS: Final = (
    "number",
    "label",
    "state",
    "reason",
    "p",
    "p_o",
    "p_s",
    "confirmed_p",
    "confirmed_seeds",
    "reported_p",
    "reported_p_o",
    "reported_p_s",
    RATES,
    "step",
    "steps",
    "rate",
    "tokens_rate",
    "busy_seconds",
    "seed",
    "attempts",
    "created_at",
    "started_at",
    "finished_at",
)
_SYNONYMS: Final = {
    "#": "number",
    "note": "label",
    "confirmed": "confirmed_p",
    "rates": RATES,
    "lrs": RATES,
    "tokens": "tokens_rate",
    "time": "busy_seconds",
    "created": "created_at",
    "started": "started_at",
    "ended": "finished_at",
}
"""What columns and filters call them."""
_ONE_RATE: Final = re.compile(r"lr(\d+)")


def trial_facts(row: TrialRow) -> dict[str, Any]:
    """Return all of them, by name."""
    again = row.confirmation
    return {
        "number": row.number,
        "label": row.label,
        "state": row.state,
        "reason": row.reason,
        "p": row.p,
        "p_o": row.p_o,
        "p_s": row.p_s,
        "confirmed_p": again.p if again else None,
        "confirmed_seeds": len(again.scores) if again else 0,
        "reported_p": row.reported_p,
        "reported_p_o": row.reported_p_o,
        "reported_p_s": row.reported_p_s,
        RATES: row.learning_rates,
        "step": row.step,
        "steps": row.steps,
        "rate": row.rate,
        "tokens_rate": row.tokens_rate,
        "busy_seconds": row.busy_seconds,
        "seed": row.seed,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
    }


def chosen_facts(row: TrialRow, names: Sequence[str]) -> dict[str, Any]:
    """Return some of them, by name and in this order; ``lr3`` is one rate alone."""
    facts = trial_facts(row)
    facts |= {f"lr{index}": rate for index, rate in enumerate(row.learning_rates)}
    return {name: facts.get(name) for name in names}


def fact_names(words: Sequence[str], choices: int) -> tuple[str, ...]:
    """Return the names of the facts that a person calls so.

    Raises:
        UsageError: there is no such fact.
    """
    return tuple(dict.fromkeys(_fact_name(word, choices) for word in words))


def flat_names(names: Sequence[str], choices: int) -> tuple[str, ...]:
    """Return names for a table: all rates become a column each."""
    rates = [f"lr{index}" for index in range(choices)]
    flat = [part for name in names for part in (rates if name == RATES else [name])]
    return tuple(dict.fromkeys(flat))


def _fact_name(word: str, choices: int) -> str:
    name = _SYNONYMS.get(word, word)
    rate = _ONE_RATE.fullmatch(name)
    if name in FACTS or (rate and int(rate[1]) < choices):
        return name
    rates = f", lr0..lr{choices - 1}" if choices else ""
    raise UsageError(f"no column '{word}'; there is {', '.join(FACTS)}{rates}")
