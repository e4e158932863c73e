"""The log format of the paper's authors: one line, thirteen numbers a trial."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from engine.errors import UsageError
from engine.profiles.rates import is_rate
from engine.profiles.trials import COMPLETE, ScoredTrial

_ACCURACIES = 3
_NUMBERS = 13


class LoggedTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of an authors' log."""

    number: int
    """Position in the log, counted from 0."""
    p_o_before: float
    """Accuracy on D_o before the second stage."""
    p_s: float
    p_o: float
    learning_rates: tuple[float, ...]
    """Ten: embeddings, eight encoder choices, heads."""
    collapsed_in: Literal["stage 1", "stage 2"] | None = None

    @property
    def p(self) -> float:
        return self.p_o + self.p_s

    def scored(self) -> ScoredTrial:
        """Return the trial as a combination takes it.

        It counts as complete even if it collapsed: the authors combined every trial of their logs,
        and only so do the logs give the vector they published. Leave out what ``collapsed_in``
        marks to combine as the rest of this project does; that moves no rate by more than 0.4 %.
        """
        return ScoredTrial(self.number, self.p, COMPLETE, self.learning_rates)


def read_authors_log(path: Path) -> tuple[LoggedTrial, ...]:
    """Read a log and mark the trials that collapsed.

    The log does not say which models predict one class only, but they give themselves away: such a
    model scores exactly that class's share, whatever its learning rates, and its accuracy on D_o
    does not move in the second stage. So where trials of different learning rates agree to the last
    digit in all three accuracies, and D_o's is the same before and after, these accuracies are
    those of a constant prediction. A trial collapsed in stage 1 if its accuracy on D_o before
    stage 2 is such a one, and in stage 2 if its p_s is.

    Of the 159 trials in the authors' four logs, 62 collapsed in stage 1 and 12 more in stage 2.

    Raises:
        UsageError: the file cannot be read or is not such a log.
    """
    numbers = _numbers(path)
    if not numbers or len(numbers) % _NUMBERS:
        raise UsageError(
            f"log {path} has {len(numbers)} numbers, which is no whole number of trials; "
            f"each trial needs {_NUMBERS}"
        )
    trials = tuple(
        _trial(path, number, numbers[number * _NUMBERS : (number + 1) * _NUMBERS])
        for number in range(len(numbers) // _NUMBERS)
    )
    return _mark_collapsed(trials)


def _numbers(path: Path) -> list[float]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot read log {path}: {reason}; check the path") from None
    except UnicodeDecodeError:
        raise UsageError(f"log {path} is not text; give a log of comma-separated numbers") from None
    words = text.strip().removesuffix(",").split(",") if text.strip() else []
    return [_number(path, position, word) for position, word in enumerate(words)]


def _number(path: Path, position: int, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        shown = word.strip()[:20]
        raise UsageError(
            f"log {path} has '{shown}' at {_place(position)}; a number belongs there"
        ) from None


def _trial(path: Path, number: int, numbers: Sequence[float]) -> LoggedTrial:
    for offset, value in enumerate(numbers):
        place = _place(number * _NUMBERS + offset)
        if offset < _ACCURACIES and not 0.0 <= value <= 1.0:
            raise UsageError(f"log {path} has accuracy {value} at {place}; it must be in 0..1")
        if offset >= _ACCURACIES and not is_rate(value):
            raise UsageError(
                f"log {path} has learning rate {value} at {place}; it must be above 0 and at most 1"
            )
    p_o_before, p_s, p_o, *rates = numbers
    return LoggedTrial(
        number=number, p_o_before=p_o_before, p_s=p_s, p_o=p_o, learning_rates=tuple(rates)
    )


def _place(position: int) -> str:
    trial, offset = divmod(position, _NUMBERS)
    return f"number {position + 1} (trial {trial}, value {offset + 1} of {_NUMBERS})"


def _mark_collapsed(trials: tuple[LoggedTrial, ...]) -> tuple[LoggedTrial, ...]:
    on_original, on_shifted = _constant_accuracies(trials)

    def marked(trial: LoggedTrial) -> LoggedTrial:
        if trial.p_o_before in on_original:
            return msgspec.structs.replace(trial, collapsed_in="stage 1")
        if trial.p_s in on_shifted:
            return msgspec.structs.replace(trial, collapsed_in="stage 2")
        return trial

    return tuple(map(marked, trials))


def _constant_accuracies(trials: Sequence[LoggedTrial]) -> tuple[set[float], set[float]]:
    """Return the accuracies of constant predictions on D_o and on D_s."""
    rates_of: defaultdict[tuple[float, float], set[tuple[float, ...]]] = defaultdict(set)
    for trial in trials:
        if trial.p_o == trial.p_o_before:
            rates_of[trial.p_o, trial.p_s].add(trial.learning_rates)
    constant = [accuracies for accuracies, rates in rates_of.items() if len(rates) > 1]
    return {p_o for p_o, _ in constant}, {p_s for _, p_s in constant}
