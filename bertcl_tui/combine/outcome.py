"""What becomes of a combination: carried to another depth, compared, written, evaluated."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.combine.mixture import software
from engine.errors import UsageError, reason_of
from engine.profiles import (
    Backbone,
    Combined,
    Profile,
    WithoutStudy,
    make_grouping,
    published_profile,
    read_profile,
    to_profile,
    transfer,
    transfer_rates,
    write_profile,
)

PROFILES_FOLDER: Final = Path("profiles")
PUBLISHED: Final = "published"
NOTHING: Final = "nothing"


class Reference(Struct, frozen=True):
    """A profile that combinations are compared with."""

    name: str
    profile: Profile


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


def finished_profile(combined: Combined, name: str, target: Backbone | None = None) -> Profile:
    """Return the profile of a combination, carried over to ``target`` if there is one."""
    now = datetime.now(UTC).replace(microsecond=0)
    profile = to_profile(combined, name, software=software(), created=now)
    if target is None:
        return profile
    return replace(transfer(profile, target), name=name)


def export_profile(profile: Profile, path: Path) -> Path:
    """Write a profile, in a new folder if need be; return where it is.

    Raises:
        EngineError: the folder or the file cannot be written.
    """
    path = path.expanduser().resolve()
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        reason = reason_of(error)
        raise UsageError(f"cannot make folder {path.parent}: {reason}; choose another") from None
    write_profile(profile, path)
    return path


def default_path(combined: Combined, target: Backbone | None = None) -> Path:
    """Return where a profile goes unless told otherwise."""
    sequences = list(dict.fromkeys(study.sequence for study in combined.studies))
    what = sequences[0] if len(sequences) == 1 else f"combined-{len(sequences)}"
    depth = "" if target is None else f"-{target.layers}-layers"
    name = what.replace(":", "-").replace("/", ".")
    return PROFILES_FOLDER / f"{name}-b{combined.base:g}{depth}.json"


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
    profile = read_profile(Path(text).expanduser())
    return Reference(profile.name, profile)


def marks(reference: Reference, combined: Combined) -> tuple[float, ...]:
    """Return the reference's rates, carried over to the grouping of the combination."""
    profile = reference.profile
    return transfer_rates(profile.learning_rates, profile.grouping, combined.grouping)
