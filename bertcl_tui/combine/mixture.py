"""Which trials are combined with which base, and the profile that comes out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.charts.colours import slots_of_trials
from bertcl_tui.store.reader import Reader
from engine.arena.offers import offer
from engine.errors import UsageError, reason_of
from engine.files import expanded
from engine.profiles import (
    DEFAULT_BASE,
    Backbone,
    Combined,
    Profile,
    ScoredTrial,
    StudyTrials,
    WithoutStudy,
    combine,
    make_grouping,
    published_profile,
    read_profile,
    transfer_rates,
    write_profile,
)
from engine.spec import StudySpec

LOWEST_BASE: Final = 1.0
HIGHEST_BASE: Final = 5.0
PROFILES_FOLDER: Final = Path("profiles")
PUBLISHED: Final = "published"
NOTHING: Final = "nothing"


class Source(Struct, frozen=True, kw_only=True):
    """A study that trials can be taken from."""

    study_id: int
    spec: StudySpec
    offer: StudyTrials | None
    """All its trials; None where nothing says which choice a rate is of."""
    trouble: str | None = None
    """Why there is no offer."""
    marked: frozenset[int]
    """Trials that go in at first."""

    @property
    def slots(self) -> dict[int, int]:
        """Colour and glyph of the trials that have them, by number, as in their study."""
        return slots_of_trials(self.marked)

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


def _only(study: StudyTrials, numbers: frozenset[int]) -> StudyTrials:
    return replace(study, trials=tuple(t for t in study.trials if t.number in numbers))


def read_mixture(
    reader: Reader,
    marked: Mapping[int, frozenset[int]],
    aside: frozenset[int] = frozenset(),
) -> Mixture:
    """Read the trials of these studies; blocks.

    Args:
        reader: looks into the store.
        marked: trial numbers by study id; none means every complete trial of that study. The
            first study says which protocol the others must have.
        aside: studies of which nothing goes in at first.
    """
    sources = [_read_source(reader, study_id, numbers) for study_id, numbers in marked.items()]
    found = tuple(source for source in sources if source is not None)
    taken = {
        source.study_id: frozenset() if source.study_id in aside else source.marked
        for source in found
    }
    return Mixture(sources=found, taken=taken)


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


def at_depth(combined: Combined, backbone: Backbone) -> Combined:
    """Return the combination as it stands on a backbone of another depth.

    A transfer is linear in the logarithms of the rates, and so is a combination: to carry over
    each trial or their mean is the same. With the trials, the bootstrap band comes along.
    """
    grouping = make_grouping(combined.grouping.preset, backbone.layers)

    def carried(rates: tuple[float, ...]) -> tuple[float, ...]:
        return transfer_rates(rates, combined.grouping, grouping)

    studies = tuple(
        replace(
            study,
            learning_rates=carried(study.learning_rates),
            trials=tuple(
                replace(trial, learning_rates=carried(trial.learning_rates))
                for trial in study.trials
            ),
        )
        for study in combined.studies
    )
    return replace(
        combined,
        backbone=backbone,
        grouping=grouping,
        learning_rates=carried(combined.learning_rates),
        studies=studies,
    )


def farthest_change(without: WithoutStudy, labels: Sequence[str]) -> str:
    """Say which choice would change most without a study, and by how much: ``layer 3 ×0.42``."""
    choice = without.farthest
    return f"{labels[choice]} ×{without.factors[choice]:.2f}"


def default_path(combined: Combined, target: Backbone | None = None) -> Path:
    """Return where a profile goes unless the person names another place."""
    sequences = list(dict.fromkeys(study.sequence for study in combined.studies))
    what = sequences[0] if len(sequences) == 1 else f"combined-{len(sequences)}"
    depth = "" if target is None else f"-{target.layers}-layers"
    name = what.replace(":", "-").replace("/", ".")
    return PROFILES_FOLDER / f"{name}-b{combined.base:g}{depth}.json"


def export_profile(profile: Profile, path: Path) -> Path:
    """Write a profile, in a new folder if need be; return where it is.

    Raises:
        EngineError: the folder or the file cannot be written.
    """
    path = expanded(path).absolute()
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        reason = reason_of(error)
        raise UsageError(f"cannot make folder {path.parent}: {reason}; choose another") from None
    write_profile(profile, path)
    return path


class Reference(Struct, frozen=True):
    """A profile that combinations are compared with."""

    name: str
    profile: Profile


def known_profiles() -> tuple[str, ...]:
    """Return what a combination can be compared with without naming a file of one's own."""
    files: Sequence[Path] = sorted(PROFILES_FOLDER.glob("*.json"))
    return (PUBLISHED, NOTHING, *map(str, files))


def load_reference(text: str) -> Reference | None:
    """Return a profile to compare with.

    Args:
        text: ``published``, ``nothing``, or the path of a profile.

    Raises:
        UsageError: the file is no profile.
    """
    if text == NOTHING:
        return None
    if text == PUBLISHED:
        return Reference(PUBLISHED, published_profile())
    profile = read_profile(expanded(text))
    return Reference(profile.name, profile)


def marks(reference: Reference, combined: Combined) -> tuple[float, ...]:
    """Return the reference's rates, carried over to the grouping of the combination."""
    profile = reference.profile
    return transfer_rates(profile.learning_rates, profile.grouping, combined.grouping)
