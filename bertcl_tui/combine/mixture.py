"""Which trials of which studies are combined, and with which base."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.rows import TrialRow
from engine.errors import UsageError
from engine.profiles import DEFAULT_BASE, Combined, ScoredTrial, StudyTrials, combine, make_grouping
from engine.spec import StudySpec
from engine.store.studies import StudyRecord
from engine.tasks.models import backbone_of

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


LOWEST_BASE: Final = 1.0
HIGHEST_BASE: Final = 5.0


class Source(Struct, frozen=True, kw_only=True):
    """A study that trials can be taken from."""

    study_id: int
    spec: StudySpec
    offer: StudyTrials | None
    """All its trials; None where they cannot be told apart by choice."""
    trouble: str | None = None
    """Why there is no offer."""
    marked: frozenset[int]
    """Trials that go in as long as nobody says otherwise."""

    @property
    def trials(self) -> tuple[ScoredTrial, ...]:
        return self.offer.trials if self.offer else ()


class Mixture(Struct, frozen=True, kw_only=True):
    """What goes into a combination. Every change makes a new one."""

    sources: tuple[Source, ...] = ()
    taken: dict[int, frozenset[int]] = {}
    """Trial numbers by study id; a study without any is out."""
    base: float = DEFAULT_BASE

    def combined(self) -> Combined:
        """Combine what is taken.

        Raises:
            UsageError: there is nothing that can be combined.
        """
        offers = [
            _only(source.offer, self.taken[source.study_id])
            for source in self.sources
            if source.offer and self.taken[source.study_id]
        ]
        return combine(offers, self.base)

    def turned(self, by: float) -> "Mixture":
        """Turn the base, as far as it goes."""
        base = min(max(round(self.base + by, 2), LOWEST_BASE), HIGHEST_BASE)
        return replace(self, base=base)

    def with_study_toggled(self, study_id: int) -> "Mixture":
        """Take a study out whole, or put in what was marked of it at first."""
        source = self.source(study_id)
        taken = frozenset() if self.taken[study_id] else source.marked
        return replace(self, taken={**self.taken, study_id: taken})

    def with_trial_toggled(self, study_id: int, number: int) -> "Mixture":
        """Take one trial in or out."""
        return replace(
            self, taken={**self.taken, study_id: self.taken[study_id] ^ frozenset([number])}
        )

    def spec_of(self, study: str) -> StudySpec:
        """Return the spec of the study of that name."""
        return next(source.spec for source in self.sources if source.spec.name == study)

    def source(self, study_id: int) -> Source:
        """Return the study of that id."""
        return next(source for source in self.sources if source.study_id == study_id)


def read_mixture(reader: Reader, marked: Mapping[int, frozenset[int]]) -> Mixture:
    """Read the trials of these studies; blocks.

    Args:
        reader: looks into the store.
        marked: trial numbers by study id; none means every complete trial of that study. The
            first study says which protocol the others must have.
    """
    sources = [_read_source(reader, study_id, numbers) for study_id, numbers in marked.items()]
    found = tuple(source for source in sources if source is not None)
    return Mixture(sources=found, taken={source.study_id: source.marked for source in found})


def _read_source(reader: Reader, study_id: int, marked: frozenset[int]) -> Source | None:
    record = reader.record(study_id)
    if record is None:
        return None
    trials = reader.trials(study_id).rows
    complete = frozenset(trial.number for trial in trials if trial.state == "complete")
    source = Source(study_id=study_id, spec=record.spec, offer=None, marked=marked or complete)
    try:
        return replace(source, offer=offer(record, trials))
    except UsageError as error:
        return replace(source, trouble=str(error))


def _only(study: StudyTrials, numbers: frozenset[int]) -> StudyTrials:
    return replace(study, trials=tuple(t for t in study.trials if t.number in numbers))
