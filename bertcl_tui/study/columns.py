"""The columns of trials, and what a trial says in each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace
from rich.text import Text

from bertcl_tui.charts.rates import rate_bounds
from bertcl_tui.charts.sparkline import rate_glyphs
from bertcl_tui.store.rows import TrialRow
from bertcl_tui.style.looks import Looks
from bertcl_tui.style.states import state_text
from bertcl_tui.style.wording import duration, mean_of, moment, score, steps_rate, tokens_rate
from bertcl_tui.widgets.column import Column
from engine.store.states import ENDED

ROOMY: Final = 64
"""Columns of characters from which there is room for everything that is usual."""
_RATE: Final = "lr"

_FIRST: Final = (
    Column(key="mark", label="◉", width=1, fixed=True),
    Column(
        key="number", label="#", width=4, align="right", title="number", sorts="number", rising=True
    ),
    Column(key="p", label="p", width=5, align="right", title="p = p_o + p_s", sorts="p"),
    Column(
        key="confirmed",
        label="confirmed",
        width=11,
        title="mean p with fresh seeds",
        sorts="confirmed",
    ),
    Column(key="p_o", label="p_o", width=5, align="right", title="kept of D_o", sorts="p_o"),
    Column(key="p_s", label="p_s", width=5, align="right", title="learnt of D_s", sorts="p_s"),
    Column(key="rates", label="lrs", width=10, title="learning rates as bars"),
    Column(key="state", label="state", width=14, title="state", sorts="state", rising=True),
    Column(
        key="note",
        label="note",
        width=10,
        stretch=True,
        since=ROOMY,
        title="label, or why it ended",
        sorts="label",
        rising=True,
    ),
)


def _more(key: str, title: str, width: int, sorts: str, *, label: str = "") -> Column:
    return Column(
        key=key,
        label=label or key,
        width=width,
        align="right",
        usual=False,
        title=title,
        sorts=sorts,
    )


def _text(key: str, title: str, width: int) -> Column:
    return Column(key=key, label=key, width=width, usual=False, title=title, sorts=key, rising=True)


_MORE: Final = (
    _more("reported_p", "p on the validation split", 11, "reported_p", label="reported p"),
    _more("reported_p_o", "p_o on the validation split", 12, "reported_p_o", label="reported p_o"),
    _more("reported_p_s", "p_s on the validation split", 12, "reported_p_s", label="reported p_s"),
    _text("label", "what it is called", 14),
    _text("reason", "why it ended", 30),
    _more("time", "time taken", 8, "busy_seconds"),
    _more("step", "steps done", 11, "step", label="steps"),
    _more("rate", "steps per second", 9, "rate", label="steps/s"),
    _more("tokens", "tokens per second", 11, "tokens_rate", label="tokens/s"),
    _more("seed", "seed", 11, "seed"),
    _more("attempts", "workers lost", 8, "attempts", label="lost"),
    _more("created", "when it was asked for", 16, "created_at"),
    _more("started", "when it began", 16, "started_at"),
    _more("ended", "when it ended", 16, "finished_at"),
)


def trial_columns(labels: Sequence[str], digits: int = 1) -> tuple[Column, ...]:
    """Return all columns of trials with a rate for each of these choices.

    Args:
        labels: of the choices.
        digits: of the longest number.
    """
    mark, number, *others = _FIRST
    number = replace(number, width=max(number.width, digits))
    rates = (
        _more(f"{_RATE}{index}", f"learning rate of {label}", 8, f"{_RATE}{index}")
        for index, label in enumerate(labels)
    )
    return (mark, number, *others, *_MORE, *rates)


def is_column(key: str) -> bool:
    """Tell whether there is such a column, in a study of some depth."""
    known = {column.key for column in (*_FIRST, *_MORE) if not column.fixed}
    return key in known or (key.startswith(_RATE) and key.removeprefix(_RATE).isdecimal())


def cell(trial: TrialRow, key: str, looks: Looks) -> Text:
    """Return what a trial says in a column; what it would score by now is not known here."""
    if key == "state":
        return _state(trial, looks)
    if key in _PLAIN:
        return Text(_PLAIN[key](trial), style=looks.muted if key in _QUIET else "")
    rate = int(key.removeprefix(_RATE))
    rates = trial.learning_rates
    return Text(f"{rates[rate]:.1e}" if rate < len(rates) else "")


def _state(trial: TrialRow, looks: Looks) -> Text:
    text = state_text(trial.state, trial.desired, looks)
    if trial.state not in ENDED and trial.step and trial.steps:
        text.append(f" {trial.step / trial.steps:.0%}")
    return text


def _steps(trial: TrialRow) -> str:
    if trial.state in ENDED or not trial.steps:
        return str(trial.step)
    return f"{trial.step}/{trial.steps}"


_QUIET: Final = frozenset({"note", "label", "reason", "created", "started", "ended"})
_PLAIN: Final[Mapping[str, Callable[[TrialRow], str]]] = {
    "number": lambda trial: str(trial.number),
    "p": lambda trial: score(trial.p),
    "confirmed": lambda trial: mean_of(trial.confirmation) if trial.confirmation else "",
    "p_o": lambda trial: score(trial.p_o),
    "p_s": lambda trial: score(trial.p_s),
    "rates": lambda trial: rate_glyphs(trial.learning_rates, rate_bounds(trial.learning_rates)),
    "note": lambda trial: " · ".join(filter(None, (trial.label, trial.reason))),
    "label": lambda trial: trial.label or "",
    "reason": lambda trial: trial.reason or "",
    "reported_p": lambda trial: score(trial.reported_p),
    "reported_p_o": lambda trial: score(trial.reported_p_o),
    "reported_p_s": lambda trial: score(trial.reported_p_s),
    "time": lambda trial: duration(trial.busy_seconds or None),
    "step": _steps,
    "rate": lambda trial: steps_rate(trial.rate),
    "tokens": lambda trial: tokens_rate(trial.tokens_rate),
    "seed": lambda trial: str(trial.seed),
    "attempts": lambda trial: str(trial.attempts),
    "created": lambda trial: moment(trial.created_at),
    "started": lambda trial: moment(trial.started_at),
    "ended": lambda trial: moment(trial.finished_at),
}
