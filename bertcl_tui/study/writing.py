"""Trials for programs, as text and in files: full precision, a line each, however many."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.study.columns import TRIAL_COLUMNS
from engine.errors import UsageError, did_you_mean, nearest, shown

RATES: Final = "learning_rates"
"""One for each choice; a table has a column for each: ``lr0``, ``lr1``, …"""
_FIRST: Final = (
    "number",
    "label",
    "state",
    "reason",
    "p",
    "p_o",
    "p_s",
    "p_o_before",
    "forgetting",
    "bwt",
    "mean_p",
    "seeds",
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
)
FACTS: Final = tuple(
    dict.fromkeys((*_FIRST, *(fact for column in TRIAL_COLUMNS for fact in column.facts)))
)
"""What programs are given of a trial, by the attributes of ``TrialRow`` and in their order."""
_ONE_RATE: Final = re.compile(r"lr(\d+)")
_AT_ONCE: Final = 2000
"""Trials in one reading."""
_JSON: Final = ".json"
"""Ending of what has the rates as a list."""


def listed_trials(reader: Reader, study_id: int, numbers: Sequence[int]) -> Iterator[TrialRow]:
    """Yield the trials with these numbers, in their order, read bit by bit. May block."""
    for first in range(0, len(numbers), _AT_ONCE):
        yield from reader.chosen_trials(study_id, numbers[first : first + _AT_ONCE])


def choices_of(reader: Reader, study_id: int) -> int:
    """Return for how many choices the trials of a study have a rate; 0 where there is none."""
    first = reader.trials(study_id, limit=1).rows
    return len(first[0].learning_rates) if first else 0


# which facts


def trial_facts(row: TrialRow) -> dict[str, Any]:
    """Return all facts of a trial, by name."""
    return {name: getattr(row, name) for name in FACTS}


def chosen_facts(row: TrialRow, names: Sequence[str]) -> dict[str, Any]:
    """Return some facts, by name and in this order; ``lr3`` is one rate alone."""
    rates = {f"lr{index}": rate for index, rate in enumerate(row.learning_rates)}
    return {
        name: rates.get(name) if _ONE_RATE.fullmatch(name) else getattr(row, name) for name in names
    }


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
    names = {column.key: column.facts[0] for column in TRIAL_COLUMNS if column.facts}
    names |= {other: fact for column in TRIAL_COLUMNS for other, fact in column.also}
    name = names.get(word, word)
    rate = _ONE_RATE.fullmatch(name)
    if name in FACTS or (rate and int(rate[1]) < choices):
        return name
    rates = f", lr0..lr{choices - 1}" if choices else ""
    near = did_you_mean(nearest(word, FACTS))
    raise UsageError(f"no column named '{shown(word)}'; {near} {', '.join(FACTS)}{rates}")


# text and files


def write_trials(rows: Iterable[TrialRow], names: Sequence[str], choices: int, out: Path) -> int:
    """Write trials into a file: beside it first, then in its place; return how many.

    Args:
        rows: of the trials, in their order.
        names: of the facts that are written.
        choices: how many rates a trial has.
        out: the file; its ending says the format, as ``engine.exports.rows`` has them.

    Raises:
        UsageError: the ending says nothing, or the file cannot be written.
    """
    from engine.exports.rows import write_rows

    columns = names if out.suffix == _JSON else flat_names(names, choices)
    return write_rows(columns, _cells(rows, columns), out)


def to_tsv(rows: Iterable[TrialRow], names: Sequence[str], choices: int) -> str:
    """Return trials as a table that spreadsheets take from the clipboard."""
    from engine.exports.rows import rows_text

    columns = flat_names(names, choices)
    return rows_text(columns, _cells(rows, columns), "tsv")


def _cells(rows: Iterable[TrialRow], names: Sequence[str]) -> Iterator[list[Any]]:
    return (list(chosen_facts(row, names).values()) for row in rows)
