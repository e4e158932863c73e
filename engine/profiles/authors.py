"""What the paper's authors published: the format of their logs, and the profiles."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal

import msgspec

from engine.errors import UsageError, reason_of, shown
from engine.profiles.grouping import make_grouping
from engine.profiles.profile import Backbone, Combination, Profile, StudyShare, is_rate
from engine.profiles.trials import COMPLETE, ScoredTrial

_ACCURACIES = 3
_NUMBERS = 13
_BACKBONE = Backbone("bert-base-uncased", layers=12, hidden=768)
_SOURCE = (
    "Kenneweg, Schulz, Schröder and Hammer, Intelligent Learning Rate Distribution to reduce "
    "Catastrophic Forgetting in Transformers (2022)."
)
_SEARCHED: Mapping[str, tuple[float, ...]] = {
    "sst2:mrpc": (
        *(9.01e-6, 3.94e-6, 2.46e-6, 1.23e-6, 1.54e-6),
        *(2.20e-6, 2.79e-6, 3.53e-6, 3.87e-6, 2.60e-6),
    ),
    "mrpc:sst2": (
        *(5.41e-6, 1.81e-6, 7.6e-7, 6.57e-6, 1.10e-5),
        *(4.14e-6, 9.58e-6, 5.2e-6, 1.85e-5, 9.3e-6),
    ),
    "qqp:mrpc": (
        *(4.61e-6, 1.64e-5, 1.26e-6, 2.6e-7, 9.5e-7),
        *(7.9e-7, 8.6e-7, 2.46e-6, 1.28e-6, 1.12e-4),
    ),
    "mrpc:qqp": (
        *(5.3e-7, 3.1e-6, 3.1e-7, 6.67e-6, 4.1e-6),
        *(2.93e-6, 5.01e-6, 4.13e-6, 1.12e-6, 5.79e-6),
    ),
}
"""Equation 1 with b = 1.8 on each of the authors' four logs."""


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


def read_authors_log(path: str | PathLike[str]) -> tuple[LoggedTrial, ...]:
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
    path = Path(path)
    numbers = _numbers(path)
    if not numbers or len(numbers) % _NUMBERS:
        raise UsageError(
            f"log {shown(path)} has {len(numbers)} numbers, which is no whole number of trials; "
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
        reason = reason_of(error)
        raise UsageError(f"cannot read log {shown(path)}: {reason}; check the path") from None
    except UnicodeDecodeError:
        raise UsageError(
            f"log {shown(path)} is not text; give a log of comma-separated numbers"
        ) from None
    words = text.strip().removesuffix(",").split(",") if text.strip() else []
    return [_number(path, position, word) for position, word in enumerate(words)]


def _number(path: Path, position: int, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise UsageError(
            f"log {shown(path)} has '{shown(word.strip(), 20)}' at {_place(position)}; "
            "a number belongs there"
        ) from None


def _trial(path: Path, number: int, numbers: Sequence[float]) -> LoggedTrial:
    for offset, value in enumerate(numbers):
        place = _place(number * _NUMBERS + offset)
        if offset < _ACCURACIES and not 0.0 <= value <= 1.0:
            raise UsageError(
                f"log {shown(path)} has accuracy {value} at {place}; it must be in 0..1"
            )
        if offset >= _ACCURACIES and not is_rate(value):
            raise UsageError(
                f"log {shown(path)} has learning rate {value} at {place}; "
                "it must be above 0 and at most 1"
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


def published_profile() -> Profile:
    """Return "BERTcL combined" (Kenneweg et al. 2022), as ``assets/profiles`` has it.

    The rates come from the authors' published code and were learnt with its own grouping.
    """
    return Profile(
        name="bertcl-combined",
        backbone=_BACKBONE,
        grouping=make_grouping("original-code", 12),
        learning_rates=(
            3.29537129e-06,
            4.36300010e-06,
            9.21473516e-07,
            1.92275197e-06,
            2.84902669e-06,
            2.14311562e-06,
            3.26747809e-06,
            3.69894365e-06,
            3.18562234e-06,
            1.11884272e-05,
        ),
        combination=Combination(
            base=1.8,
            studies=tuple(StudyShare(study=name, sequence=name) for name in _SEARCHED),
        ),
        searched_on=tuple(_SEARCHED),
        source=f"Published with {_SOURCE}",
        software={"autogluon": "0.3.1", "torch": "1.4", "transformers": "4.0.1"},
    )


def searched_profile(sequence: str) -> Profile | None:
    """Return what one of the authors' searches comes to; None where they searched nothing.

    Args:
        sequence: such as ``sst2:mrpc``.
    """
    rates = _SEARCHED.get(sequence)
    if rates is None:
        return None
    return Profile(
        name=f"bertcl-{sequence.replace(':', '-')}",
        backbone=_BACKBONE,
        grouping=make_grouping("original-code", 12),
        learning_rates=rates,
        combination=Combination(base=1.8, studies=(StudyShare(study=sequence, sequence=sequence),)),
        searched_on=(sequence,),
        source=f"The trials logged with {_SOURCE}",
    )
