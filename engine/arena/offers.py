"""From the trials of a study to what a combination takes of them, and to a finished profile."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Protocol

from msgspec.structs import replace

from engine.profiles import (
    Backbone,
    Combined,
    Profile,
    ScoredTrial,
    StudyTrials,
    make_grouping,
    to_profile,
    transfer,
)
from engine.store.studies import StudyRecord
from engine.tasks.models import backbone_of, model_title

_SOFTWARE: Final = ("bertcl-tui", "optuna", "torch", "transformers")


class Tried(Protocol):
    """A trial, as a list of them has it."""

    @property
    def number(self) -> int: ...

    @property
    def state(self) -> str: ...

    @property
    def mean_p(self) -> float | None: ...

    @property
    def learning_rates(self) -> tuple[float, ...]: ...


def offer(study: StudyRecord, trials: Sequence[Tried]) -> StudyTrials:
    """Return trials of a study as a combination takes them.

    Raises:
        UsageError: nothing on this machine says how many layers the backbone has.
    """
    spec = study.spec
    backbone = backbone_of(spec.model, choice_count(trials))
    backbone = replace(backbone, name=model_title(spec.model))
    return StudyTrials(
        study=study.name,
        sequence=spec.title(),
        backbone=backbone,
        grouping=make_grouping(spec.protocol.grouping, backbone.layers),
        protocol=spec.protocol if study.origin == "search" else None,
        trials=tuple(
            ScoredTrial(trial.number, trial.mean_p, trial.state, trial.learning_rates)
            for trial in trials
        ),
        first_lr=spec.first_lr,
    )


def choice_count(trials: Iterable[Tried]) -> int:
    """Return for how many choices most trials have a rate; 0 where none has any."""
    counts = Counter(len(trial.learning_rates) for trial in trials if trial.learning_rates)
    return max(counts, key=lambda choices: counts[choices], default=0)


def finished_profile(combined: Combined, name: str, target: Backbone | None = None) -> Profile:
    """Return the profile of a combination, carried over to ``target`` if there is one."""
    now = datetime.now(UTC).replace(microsecond=0)
    profile = to_profile(combined, name, software=software(), created=now)
    if target is None:
        return profile
    return replace(transfer(profile, target), name=name)


def software() -> dict[str, str]:
    """Return the versions of what shapes a trial's numbers."""
    versions: dict[str, str] = {}
    for name in _SOFTWARE:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
