"""The columns of trials: what stands in each, what it sorts by, and what people call it.

Adding a column is one more entry of ``TRIAL_COLUMNS``: table, sorting, filter and files follow.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.bars import rate_bounds
from bertcl_tui.charts.forgetting import Known
from bertcl_tui.charts.glyphs import rate_glyphs
from bertcl_tui.store.filters import Fields
from bertcl_tui.store.trial_rows import Order, TrialRow, TrialState
from bertcl_tui.style.looks import Looks, state_text
from bertcl_tui.style.wording import duration, mean_of, moment, score, steps_rate, tokens_rate
from bertcl_tui.widgets.column import Column
from engine.errors import UsageError, shown
from engine.store.states import ENDED

ROOMY: Final = 64
"""Columns of characters from which there is room for everything that is usual."""
_RATE: Final = "lr"
_MARKS: Final = {"marked": "◉", "ranged": "▸", "": " "}


class TrialLine(Struct, frozen=True):
    """A line of the list: a trial, and whether it is marked or in the range being stretched."""

    number: int
    trial: TrialRow | None
    """None: it was not read yet."""
    mark: Literal["marked", "ranged", ""] = ""
    known: Known | None = None
    """Of one that runs or rests in its midst: what it would score by now."""


Cell = Callable[[TrialLine, Looks], Text]
"""Writes what stands in a line."""


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


class Written(Struct, frozen=True):
    """What most columns say: a text of the trial, nothing of one that was not read yet."""

    write: Callable[[TrialRow], str]
    quiet: bool = False

    def __call__(self, line: TrialLine, looks: Looks) -> Text:
        if line.trial is None:
            return Text()
        return Text(self.write(line.trial), style=looks.muted if self.quiet else "")


class _Rate(Struct, frozen=True):
    """Writes one learning rate."""

    index: int

    def __call__(self, trial: TrialRow) -> str:
        rates = trial.learning_rates
        return f"{rates[self.index]:.1e}" if self.index < len(rates) else ""


class _Part(Struct, frozen=True):
    """Writes a part of the score; of a trial without one, what it would be by now."""

    part: Literal["p_o", "p_s"]

    def __call__(self, line: TrialLine, looks: Looks) -> Text:
        if line.trial is None:
            return Text()
        value, by_now = getattr(line.trial, self.part), getattr(line.known, self.part, None)
        if value is None and by_now is not None:
            return Text(score(by_now), style=f"italic {looks.muted}")
        return Text(score(value))


def _score(name: str) -> Written:
    return Written(lambda trial: score(getattr(trial, name)))


def _mark(line: TrialLine, looks: Looks) -> Text:
    return Text(_MARKS[line.mark], style=f"bold {looks.accent}")


def _number_cell(line: TrialLine, _: Looks) -> Text:
    return Text(str(line.number), style="bold" if line.mark else "")


def _state(line: TrialLine, looks: Looks) -> Text:
    trial = line.trial
    if trial is None:
        return Text()
    text = state_text(trial.state, trial.desired, looks)
    if trial.state not in ENDED and trial.step and trial.steps:
        text.append(f" {trial.step / trial.steps:.0%}")
    return text


def _steps(trial: TrialRow) -> str:
    if trial.state in ENDED or not trial.steps:
        return str(trial.step)
    return f"{trial.step}/{trial.steps}"


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
) -> TrialColumn:
    """Return a column of numbers; ``field`` is its key, if not given."""
    return TrialColumn(
        key=key,
        label=label or key,
        width=width,
        align="right",
        title=title,
        sorts=field or key,
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
    TrialColumn(key="mark", label="◉", width=1, fixed=True, cell=_mark),
    _number("p", "p = p_o + p_s with its own seed", 5, _score("p")),
    _number("p_o", "kept of D_o", 5, _Part("p_o")),
    _number("p_s", "learnt of D_s", 5, _Part("p_s")),
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
            _score(f"reported_{part}"),
            label=f"reported {part}",
        )
        for part, width in (("p", 11), ("p_o", 12), ("p_s", 12))
    ),
    TrialColumn(
        key="number",
        label="#",
        width=4,
        align="right",
        title="number",
        sorts="number",
        rising=True,
        cell=_number_cell,
        facts=("number",),
        asked="number",
        also=(("#", "number"),),
    ),
    TrialColumn(
        key="rates",
        label="lrs",
        width=10,
        title="learning rates as bars",
        cell=Written(lambda t: rate_glyphs(t.learning_rates, rate_bounds(t.learning_rates))),
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
        cell=_state,
        facts=("state",),
        asked="words",
        words=get_args(TrialState),
    ),
    TrialColumn(
        key="note",
        label="note",
        width=10,
        stretch=True,
        since=ROOMY,
        title="label, or why it ended",
        sorts="label",
        rising=True,
        cell=Written(lambda t: " · ".join(filter(None, (t.label, t.reason))), quiet=True),
        facts=("label",),
    ),
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
    _number("step", "steps done", 11, Written(_steps), label="steps", also=(("steps", "steps"),)),
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
_USUAL: Final = ("mark", "number", "p", "mean", "confirmed", "p_o", "p_s", "rates", "state", "note")
"""Shown until columns are chosen, from left to right."""


def trial_columns(labels: Sequence[str], digits: int = 1) -> tuple[TrialColumn, ...]:
    """Return all columns of trials with a rate for each of these choices.

    Args:
        labels: of the choices.
        digits: of the longest number.
    """
    by_key = {column.key: column for column in TRIAL_COLUMNS}
    number = by_key["number"]
    by_key["number"] = replace(number, width=max(number.width, digits))
    usual = (by_key.pop(key) for key in _USUAL)
    rates = (
        _number(f"{_RATE}{index}", f"learning rate of {label}", 8, Written(_Rate(index)))
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
