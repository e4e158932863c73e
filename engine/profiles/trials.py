"""The trials that a combination is made of, and which of them may go in."""

import math
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import UsageError, shown
from engine.profiles.grouping import Grouping
from engine.profiles.profile import Backbone, fault_in_rates, short_rate
from engine.spec import Protocol

COMPLETE = "complete"


class ScoredTrial(Struct, frozen=True):
    """A profile that was tried, and how well it did."""

    number: int
    p: float | None
    """None: the trial did not come to its end."""
    state: str
    learning_rates: tuple[float, ...]


class StudyTrials(Struct, frozen=True, kw_only=True):
    """What one study offers to a combination."""

    study: str
    sequence: str
    backbone: Backbone
    grouping: Grouping
    protocol: Protocol | None
    """None: not known, as with imported logs."""
    trials: tuple[ScoredTrial, ...]
    first_lr: float | None = None
    """The flat rate of stage 1 where the later stages alone were searched; None: all were."""


class LeftOut(Struct, frozen=True):
    """A trial that does not count, and why."""

    study: str
    number: int
    reason: str


class Refusal(Struct, frozen=True):
    """A study that cannot be combined with the others, and why."""

    study: str
    reason: str


class Admission(Struct, frozen=True):
    """Who may be combined: studies of one protocol, reduced to trials that count."""

    studies: tuple[StudyTrials, ...]
    left_out: tuple[LeftOut, ...]
    refusals: tuple[Refusal, ...]


def admit(studies: Sequence[StudyTrials]) -> Admission:
    """Keep complete trials of studies that were measured like the first one that has any.

    Raises:
        UsageError: a study, or a trial of one, is given twice.
    """
    _refuse_twins(studies)
    admitted: list[StudyTrials] = []
    left_out: list[LeftOut] = []
    refusals: list[Refusal] = []
    for study in studies:
        complete, incomplete = _split_trials(study)
        left_out += incomplete
        if reason := _why_not(study, complete, admitted):
            refusals.append(Refusal(study.study, reason))
        else:
            admitted.append(_with_trials(study, complete))
    return Admission(tuple(admitted), tuple(left_out), tuple(refusals))


def _refuse_twins(studies: Sequence[StudyTrials]) -> None:
    for name, times in Counter(study.study for study in studies).items():
        if times > 1:
            raise UsageError(
                f"study '{shown(name)}' is given {times} times; list its trials together"
            )
    for study in studies:
        for number, times in Counter(trial.number for trial in study.trials).items():
            if times > 1:
                raise UsageError(
                    f"trial {number} of study '{shown(study.study)}' is given {times} times; "
                    "give it once"
                )


def _split_trials(study: StudyTrials) -> tuple[list[ScoredTrial], list[LeftOut]]:
    complete: list[ScoredTrial] = []
    left_out: list[LeftOut] = []
    for trial in study.trials:
        if reason := _why_not_counted(trial, study.grouping):
            left_out.append(LeftOut(study.study, trial.number, reason))
        else:
            complete.append(trial)
    return complete, left_out


def _why_not_counted(trial: ScoredTrial, grouping: Grouping) -> str | None:
    if trial.state != COMPLETE:
        return trial.state
    if trial.p is None or not math.isfinite(trial.p):
        return "no score"
    return fault_in_rates(trial.learning_rates, grouping)


def _why_not(
    study: StudyTrials, complete: list[ScoredTrial], admitted: list[StudyTrials]
) -> str | None:
    if not complete:
        return "no complete trial"
    return _difference(admitted[0], study) if admitted else None


def _difference(first: StudyTrials, other: StudyTrials) -> str | None:
    if not _are_alike(other.backbone, first.backbone):
        return f"other backbone ({_model(other.backbone)}, not {_model(first.backbone)})"
    if other.grouping != first.grouping:
        return f"other grouping ({other.grouping.preset}, not {first.grouping.preset})"
    if other.first_lr != first.first_lr:
        return f"rates for {stages_said(other.first_lr)}, not for {stages_said(first.first_lr)}"
    if other.protocol is None or first.protocol is None:
        alike = other.protocol is first.protocol
        return None if alike else "protocol known to only one of them"
    apart = _switches_apart(other.protocol.scoring(), first.protocol.scoring())
    return f"other protocol ({apart})" if apart else None


def stages_said(first_lr: float | None) -> str:
    """Say which stages rates are for: all, or those after one that is flat at this rate."""
    return "all stages" if first_lr is None else f"stages after a flat {short_rate(first_lr)}"


def _are_alike(one: Backbone, other: Backbone) -> bool:
    """Whether two are the same: the name says so, or what it says of its files (``mine@3f2a…``)."""
    (_, at, files), (_, _, others_files) = one.name.rpartition("@"), other.name.rpartition("@")
    return replace(one, name=other.name) == other and (
        one.name == other.name or bool(at and files == others_files)
    )


def _model(backbone: Backbone) -> str:
    hidden = "" if backbone.hidden is None else f" of {backbone.hidden}"
    return f"{backbone.name} with {backbone.layers} layers{hidden}"


def _switches_apart(one: Protocol, other: Protocol) -> str:
    return ", ".join(
        f"{switch} {getattr(one, switch)}, not {getattr(other, switch)}"
        for switch in Protocol.__struct_fields__
        if getattr(one, switch) != getattr(other, switch)
    )


def _with_trials(study: StudyTrials, trials: list[ScoredTrial]) -> StudyTrials:
    return StudyTrials(
        study=study.study,
        sequence=study.sequence,
        backbone=study.backbone,
        grouping=study.grouping,
        protocol=study.protocol,
        trials=tuple(trials),
        first_lr=study.first_lr,
    )
