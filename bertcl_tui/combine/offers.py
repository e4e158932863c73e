"""What a study offers to a combination, and the software that shaped it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

from bertcl_tui.store.rows import TrialRow
from engine.profiles import ScoredTrial, StudyTrials, make_grouping
from engine.store.studies import StudyRecord
from engine.tasks.shape import backbone_of

_SOFTWARE = ("bertcl-tui", "optuna", "torch", "transformers")


def offer(study: StudyRecord, trials: Sequence[TrialRow]) -> StudyTrials:
    """Return trials of a study as a combination takes them.

    Raises:
        UsageError: nothing on this machine says how many layers the backbone has.
    """
    spec = study.spec
    backbone = backbone_of(spec.model, choice_count(trials))
    return StudyTrials(
        study=study.name,
        sequence=spec.title(),
        backbone=backbone,
        grouping=make_grouping(spec.protocol.grouping, backbone.layers),
        protocol=spec.protocol if study.origin == "search" else None,
        trials=tuple(
            ScoredTrial(trial.number, trial.p, trial.state, trial.learning_rates)
            for trial in trials
        ),
    )


def choice_count(trials: Iterable[TrialRow]) -> int:
    """Return for how many choices most trials have a rate; 0 where none has any."""
    counts = Counter(len(trial.learning_rates) for trial in trials if trial.learning_rates)
    return max(counts, key=lambda choices: counts[choices], default=0)


def software() -> dict[str, str]:
    """Return the versions of what shapes a trial's numbers."""
    versions: dict[str, str] = {}
    for name in _SOFTWARE:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
