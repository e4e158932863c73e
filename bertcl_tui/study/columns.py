"""The columns of trials: what stands in each, what it sorts by, and what people call it.

Adding a column is one more entry of ``TRIAL_COLUMNS``: table, sorting, filter and files follow.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, get_args

from msgspec.structs import replace

from bertcl_tui.store.filters import Fields
from bertcl_tui.store.trial_rows import Order, TrialRow, TrialState
from bertcl_tui.study.cells import (
    Cell,
    Part,
    RateOf,
    Written,
    marked,
    numbered,
    rates_strip,
    remarked,
    scored,
    stated,
    steps_taken,
)
from bertcl_tui.style.wording import (
    duration,
    mean_of,
    moment,
    steps_rate,
    tokens_rate,
)
from bertcl_tui.widgets.column import Column
from engine.errors import UsageError, shown

ROOMY: Final = 64
"""Columns of characters from which there is room for everything that is usual."""
_VERY_ROOMY: Final = 90
_RATE: Final = "lr"
_FEWEST_BARS: Final = 4


class TrialColumn(Column, frozen=True, kw_only=True):
    """A column of trials, and how a person asks for what stands in it."""

    cell: Cell
    facts: tuple[str, ...] = ()
    """Attributes of ``TrialRow`` that files have for it; the first one is named as it is."""
    asked: Literal["number", "seconds", "words", "moment", ""] = ""
    """How ``sorts`` is asked for: numbers and words by filters too; empty: not by name."""
    words: tuple[str, ...] = ()
    """The words that it may be in a filter; none: any."""
    offered: tuple[str, ...] = ()
    """Words that a filter offers where any may be written."""
    also: tuple[tuple[str, str], ...] = ()
    """Other words for it, each with the field or fact that is meant."""


def _number(
    key: str,
    title: str,
    width: int,
    cell: Cell,
    *,
    label: str = "",
    field: str = "",
    asked: Literal["number", "seconds"] = "number",
    also: tuple[tuple[str, str], ...] = (),
    rising: bool = False,
    since: int = 0,
) -> TrialColumn:
    """Return a column of numbers; ``field`` is its key, if not given."""
    return TrialColumn(
        key=key,
        label=label or key,
        width=width,
        align="right",
        title=title,
        sorts=field or key,
        rising=rising,
        since=since,
        cell=cell,
        facts=(field or key,),
        asked=asked,
        also=also,
    )


def _text(
    key: str,
    title: str,
    width: int,
    write: Callable[[TrialRow], str],
    offered: tuple[str, ...] = (),
) -> TrialColumn:
    """Return a column of texts, from a to z at first."""
    return TrialColumn(
        key=key,
        label=key,
        width=width,
        title=title,
        sorts=key,
        rising=True,
        cell=Written(write, quiet=True),
        facts=(key,),
        asked="words",
        offered=offered,
    )


def _moment(key: str, title: str, field: str) -> TrialColumn:
    """Return a column of moments, the last one first."""
    return TrialColumn(
        key=key,
        label=key,
        width=16,
        align="right",
        title=title,
        sorts=field,
        cell=Written(lambda trial: moment(getattr(trial, field)), quiet=True),
        facts=(field,),
        asked="moment",
    )


TRIAL_COLUMNS: Final = (
    TrialColumn(key="mark", label="◉", width=1, fixed=True, cell=marked),
    _number("p", "p = p_o + p_s with its own seed", 5, scored("p")),
    _number("p_o", "kept of D_o", 5, Part("p_o")),
    _number("p_s", "learnt of D_s", 5, Part("p_s")),
    _number(
        "p_o_before",
        "p_o after its own stage",
        6,
        Part("p_o_before"),
        label="before",
        since=_VERY_ROOMY,
    ),
    _number(
        "forgetting",
        "forgetting: best p_o before the last stage − p_o at the end",
        6,
        Part("forgetting"),
        label="forgot",
        rising=True,
    ),
    _number("bwt", "backward transfer (BWT)", 6, Part("bwt"), label="BWT"),
    TrialColumn(
        key="mean",
        label="mean p",
        width=11,
        title="mean p over its seeds",
        sorts="mean_p",
        cell=Written(lambda trial: "" if trial.raced is None else mean_of(trial.raced)),
        facts=("mean_p", "seeds"),
        asked="number",
    ),
    TrialColumn(
        key="confirmed",
        label="confirmed",
        width=11,
        title="mean p with fresh seeds",
        sorts="confirmed",
        cell=Written(lambda trial: mean_of(trial.confirmation) if trial.confirmation else ""),
        facts=("confirmed_p", "confirmed_seeds"),
        asked="number",
    ),
    *(
        _number(
            f"reported_{part}",
            f"{part} on the validation split",
            width,
            scored(f"reported_{part}"),
            label=f"reported {part}",
        )
        for part, width in (("p", 11), ("p_o", 13), ("p_s", 13))
    ),
    TrialColumn(
        key="number",
        label="#",
        width=4,
        align="right",
        title="number",
        sorts="number",
        rising=True,
        cell=numbered,
        facts=("number",),
        asked="number",
        also=(("#", "number"),),
    ),
    TrialColumn(
        key="rates",
        label="lrs",
        width=10,
        title="the shape of its learning rates",
        cell=rates_strip,
        facts=("learning_rates",),
        also=(("lrs", "learning_rates"),),
    ),
    TrialColumn(
        key="state",
        label="state",
        width=14,
        title="state",
        sorts="state",
        rising=True,
        cell=stated,
        facts=("state",),
        asked="words",
        words=get_args(TrialState),
    ),
    TrialColumn(
        key="note",
        label="note",
        width=10,
        stretch=True,
        chosen_width=24,
        since=ROOMY,
        title="what a person says of it, what it is called, why it ended",
        sorts="note",
        rising=True,
        cell=remarked,
        facts=("note",),
        asked="words",
    ),
    _number("marked", "whether it is marked", 6, Written(lambda t: "1" if t.marked else "")),
    _text(
        "label",
        "what it is called",
        14,
        lambda trial: trial.label or "",
        offered=("flat", "llrd", "published"),
    ),
    _text("reason", "why it ended", 30, lambda trial: trial.reason or ""),
    _number(
        "time",
        "time taken",
        8,
        Written(lambda trial: duration(trial.busy_seconds or None)),
        field="busy_seconds",
        asked="seconds",
    ),
    _number(
        "step", "steps done", 11, Written(steps_taken), label="steps", also=(("steps", "steps"),)
    ),
    _number("rate", "steps per second", 9, Written(lambda t: steps_rate(t.rate)), label="steps/s"),
    _number(
        "tokens",
        "tokens per second",
        11,
        Written(lambda trial: tokens_rate(trial.tokens_rate)),
        label="tokens/s",
        field="tokens_rate",
    ),
    _number("seed", "seed", 11, Written(lambda trial: str(trial.seed))),
    _number("attempts", "workers lost", 8, Written(lambda t: str(t.attempts)), label="lost"),
    _moment("created", "when it was asked for", "created_at"),
    _moment("started", "when it began", "started_at"),
    _moment("ended", "when it ended", "finished_at"),
)
_BEFORE: Final = ("mark", "number", "p", "mean", "confirmed", "p_o_before", "p_o")
_BEHIND: Final = ("p_s", "rates", "state", "note")
"""Shown until columns are chosen, from left to right; between these stands what was forgotten."""
_PAIR: Final = 2


def trial_columns(
    labels: Sequence[str], digits: int = 1, tasks: int = _PAIR
) -> tuple[TrialColumn, ...]:
    """Return all columns of trials with a rate for each of these choices.

    Args:
        labels: of the choices.
        digits: of the longest number.
        tasks: of the sequence; of more than two the usual measure is backward transfer.
    """
    by_key = {column.key: column for column in TRIAL_COLUMNS}
    number, strip = by_key["number"], by_key["rates"]
    by_key["number"] = replace(number, width=max(number.width, digits))
    if labels:
        by_key["rates"] = replace(strip, width=max(_FEWEST_BARS, len(labels)))
    lost = "forgetting" if tasks <= _PAIR else "bwt"
    usual = [by_key.pop(key) for key in (*_BEFORE, lost, *_BEHIND)]
    rates = (
        _number(f"{_RATE}{index}", f"learning rate of {label}", 8, Written(RateOf(index)))
        for index, label in enumerate(labels)
    )
    return (*usual, *(replace(column, usual=False) for column in (*by_key.values(), *rates)))


def is_column(key: str) -> bool:
    """Tell whether there is such a column, in a study of some depth."""
    known = {column.key for column in TRIAL_COLUMNS if not column.fixed}
    return key in known or (key.startswith(_RATE) and key.removeprefix(_RATE).isdecimal())


def trial_fields(choices: int) -> Fields:
    """Return what a filter can ask of trials whose profile has that many choices."""
    rates = {f"{_RATE}{index}": f"{_RATE}{index}" for index in range(choices)}
    ends = {"embeddings": f"{_RATE}0", "head": f"{_RATE}{choices - 1}"} if choices else {}
    texts = [column for column in TRIAL_COLUMNS if column.asked == "words"]
    return Fields(
        numbers={**dict(_names("number", "seconds")), **rates, **ends},
        words={column.key: column.words for column in texts},
        times=frozenset(name for name, _ in _names("seconds")),
        offered={column.key: column.offered for column in texts if column.offered},
        example="p_o>0.6 state:complete",
    )


def sort_fields(choices: int) -> dict[str, str]:
    """Return the words for what trials can be sorted by, each with its field."""
    numbers = trial_fields(choices).numbers
    return {**numbers, **dict(_names("moment")), **dict(_names("words"))}


def titles() -> dict[str, str]:
    """Return what is said of columns, by their names and those of their facts."""
    columns = [column for column in TRIAL_COLUMNS if column.facts]
    by_fact = {column.facts[0]: column.title for column in columns}
    return by_fact | {column.key: column.title for column in columns}


def order_by(word: str, choices: int, *, reverse: bool = False) -> Order:
    """Return the order that a person means by a word.

    Raises:
        UsageError: trials cannot be sorted by it.
    """
    names = sort_fields(choices)
    field = ({field: field for field in names.values()} | names).get(word)
    if field is None:
        known = ", ".join(names)
        raise UsageError(f"trials cannot be sorted by '{shown(word)}'; choose one of {known}")
    rising = {column.sorts for column in TRIAL_COLUMNS if column.rising}
    return Order(field, descending=(field not in rising) != reverse)


def _names(*asked: str) -> Iterator[tuple[str, str]]:
    """Yield the names of what is asked for in these ways, each with its field."""
    for column in TRIAL_COLUMNS:
        if column.asked in asked:
            yield column.key, column.sorts
            yield from column.also
