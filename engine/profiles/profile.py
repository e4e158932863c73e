"""The profile: one learning rate per choice, its JSON file, and its transfer to other depths.

What may stand for a rate is said here too.
"""

import errno
import json
import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

import msgspec
from msgspec import Meta, Struct

from engine.errors import EngineError, UsageError, reason_of, shown
from engine.files import replacing
from engine.profiles.grouping import Grouping, make_grouping
from engine.spec import Protocol
from engine.spec.search import Stages

Accuracy = Annotated[float, Meta(ge=0.0, le=1.0)]
AccuracySum = Annotated[float, Meta(ge=0.0)]
Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]

FORMAT: Final = "bertcl-profile"
VERSION: Final = 1


class Backbone(Struct, frozen=True, forbid_unknown_fields=True):
    """The pretrained encoder that a profile's rates belong to."""

    name: str
    layers: Count
    hidden: Count | None = None


class Statistics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the profile reached where it was measured; means over ``count`` runs."""

    p: AccuracySum
    """Sum of the accuracies on all tasks of the sequence after its last stage."""
    p_o: AccuracySum | None = None
    p_s: Accuracy | None = None
    count: Count = 1


class TrialShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trial's part in its study's mean."""

    number: int
    rank: Count
    weight: Share
    """Normalised: the weights of a study's trials sum to 1."""
    p: AccuracySum


class StudyShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One study of a combination. Without trials: only its sequence is known."""

    study: str
    sequence: str
    trials: tuple[TrialShare, ...] = ()


class Combination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The trials that a combined profile was made of."""

    base: float
    studies: tuple[StudyShare, ...]


def llrd_rates(base: float, decay: float, grouping: Grouping) -> tuple[float, ...]:
    """Return layer-wise decayed rates: heads and top layer at ``base``, each step down × ``decay``.

    A choice takes the geometric mean of its layers; the embeddings lie one step below layer 1.
    """
    top = grouping.n_layers
    encoder = (
        base * decay ** (math.fsum(top - layer for layer in layers) / len(layers))
        for layers in grouping.layers
    )
    return (base * decay**top, *encoder, base)


def fault_in_rates(rates: Sequence[float], grouping: Grouping) -> str | None:
    """Say what keeps these rates from being a profile of that grouping; None: nothing."""
    if len(rates) != grouping.n_choices:
        return f"{len(rates)} learning rates for {grouping.n_choices} choices; give one per choice"
    for label, rate in zip(grouping.labels(), rates, strict=True):
        if not is_rate(rate):
            return f"learning rate {rate} for {label}; it must be above 0 and at most 1"
    return None


def is_rate(number: float) -> bool:
    """Whether the number is a usable learning rate: in (0, 1], so neither NaN nor infinite."""
    return 0.0 < number <= 1.0


def short_rate(rate: float) -> str:
    """Write a learning rate as people do: ``2e-5``."""
    return f"{Decimal(repr(rate)).normalize():e}"


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Learning rates with which a backbone learns a new task and still knows the old one.

    Raises:
        UsageError: the parts do not fit each other, or a rate is not in (0, 1].
    """

    format: Literal["bertcl-profile"] = FORMAT
    version: Literal[1] = VERSION
    name: str
    backbone: Backbone
    grouping: Grouping
    learning_rates: tuple[float, ...]
    """One per choice: embeddings, encoder choices, heads."""
    stages: Stages = "all"
    """Of a sequence, that the rates are for. Those for later ones learn a next task."""
    first_lr: float | None = None
    """Of all choices in stage 1, before the later stages that the rates were searched for."""
    statistics: Statistics | None = None
    combination: Combination | None = None
    protocol: Protocol | None = None
    """None: not known, as with rates read from a paper or from another tool's log."""
    searched_on: tuple[str, ...] = ()
    """The sequences whose trials shaped the rates; anything else is unseen."""
    source: str = ""
    """One sentence for people."""
    software: dict[str, str] = {}
    """Version of every library that shaped the numbers."""
    created: datetime | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise UsageError("a profile needs a name; give it one")
        if self.backbone.layers != self.grouping.n_layers:
            raise UsageError(
                f"profile '{shown(self.name)}' names a backbone of {self.backbone.layers} layers "
                f"but groups {self.grouping.n_layers}; make the two agree"
            )
        if fault := fault_in_rates(self.learning_rates, self.grouping):
            raise UsageError(f"profile '{shown(self.name)}' has {fault}")
        if (self.stages == "later") != (self.first_lr is not None):
            raise UsageError(
                f"profile '{shown(self.name)}' must have first_lr, the rate of stage 1, where its "
                "stages are 'later', and only there"
            )
        if self.first_lr is not None and not is_rate(self.first_lr):
            raise UsageError(
                f"profile '{shown(self.name)}' has first_lr {self.first_lr}; "
                "it must be above 0 and at most 1"
            )
        if self.combination is not None:
            refuse_base(self.combination.base)


def refuse_base(base: float) -> None:
    """Refuse a base with which better trials would not weigh more.

    Raises:
        UsageError: the base is below 1, infinite or not a number.
    """
    if not (math.isfinite(base) and base >= 1.0):
        raise UsageError(f"base b is {base}; it must be a number of at least 1, such as 1.8")


def write_profile(profile: Profile, path: str | PathLike[str]) -> None:
    """Write the profile; a file of that name is replaced whole or not at all.

    Raises:
        UsageError: the folder is missing or may not be written to.
        EngineError: the disk is full or failed.
    """
    path = Path(path)
    text = msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n"
    try:
        with replacing(path) as beside:
            beside.write_bytes(text)
    except OSError as error:
        raise _write_failure(path, error) from None


def read_profile(path: str | PathLike[str]) -> Profile:
    """Read and validate a profile file.

    Raises:
        UsageError: the file cannot be read, or is not a profile that this version understands.
    """
    path = Path(path)
    content = _parse(path)
    _refuse_other_formats(path, content)
    try:
        return msgspec.convert(content, Profile)
    except (msgspec.ValidationError, UsageError) as error:
        raise UsageError(f"profile {shown(path)}: {error}; mend it or export it again") from None


def _parse(path: Path) -> dict[str, Any]:
    def refuse_constant(name: str) -> NoReturn:
        raise UsageError(f"profile {shown(path)} holds {name}, which is no number; export it again")

    try:
        content = json.loads(path.read_bytes(), parse_constant=refuse_constant)
        json.dumps(content, ensure_ascii=False).encode()  # half a letter, escaped, is no text
    except OSError as error:
        reason = reason_of(error)
        raise UsageError(f"cannot read profile {shown(path)}: {reason}; check the path") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"profile {shown(path)} is not JSON ({error}); export it again") from None
    if not isinstance(content, dict):
        raise UsageError(
            f"{shown(path)} is not a profile; export one with bertcl-tui combine --out"
        )
    return content


def _refuse_other_formats(path: Path, content: dict[str, Any]) -> None:
    if content.get("format") != FORMAT:
        raise UsageError(
            f"{shown(path)} is not a profile: its format is {content.get('format')!r}, not "
            f"'{FORMAT}'; export one with bertcl-tui combine --out"
        )
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UsageError(
            f"profile {shown(path)} has version {version}, and this bertcl-tui reads up to "
            f"{VERSION}; update bertcl-tui"
        )


def _write_failure(path: Path, error: OSError) -> EngineError:
    reason = reason_of(error)
    message = f"cannot write profile {path}: {reason}; choose another place"
    disk_failed = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}
    return EngineError(message) if disk_failed else UsageError(message)


def transfer(
    profile: Profile, backbone: Backbone | int, grouping: Grouping | None = None
) -> Profile:
    """Carry a profile over to another backbone by relative depth.

    Args:
        profile: what was learnt.
        backbone: where the rates shall be used; a number is how many layers that has.
        grouping: of the new backbone; by default the profile's own preset at the new depth.

    Raises:
        UsageError: the grouping is not one of that backbone, or a custom one has no default.
    """
    if isinstance(backbone, int):
        make_grouping("paper", backbone)
        backbone = Backbone(f"{backbone}-layers", layers=backbone)
    if grouping is None:
        grouping = _same_preset(profile.grouping, backbone.layers)
    origin = profile.backbone
    return msgspec.structs.replace(
        profile,
        name=f"{profile.name}-{backbone.layers}-layers",
        backbone=backbone,
        grouping=grouping,
        learning_rates=transfer_rates(profile.learning_rates, profile.grouping, grouping),
        statistics=None,
        source=(
            f"'{profile.name}' ({origin.name}, {origin.layers} layers) transferred to "
            f"{backbone.layers} layers by relative depth."
        ),
    )


def transfer_rates(rates: Sequence[float], source: Grouping, target: Grouping) -> tuple[float, ...]:
    """Carry rates over to another grouping, of the same or another depth.

    Layer l of n stands at relative depth (l-½)/n. Each target layer takes the log-linear
    interpolation of the source layers' rates at its depth (the outermost layers' beyond them), and
    each target choice the geometric mean of its layers. Embeddings and heads keep theirs.
    """
    logs = [
        math.log(rates[source.choice_of_layer(layer)]) for layer in range(1, source.n_layers + 1)
    ]
    encoder = (
        math.exp(
            math.fsum(_at_depth((layer - 0.5) / target.n_layers, logs) for layer in layers)
            / len(layers)
        )
        for layers in target.layers
    )
    return (rates[0], *encoder, rates[-1])


def _at_depth(depth: float, logs: Sequence[float]) -> float:
    """Interpolate between the layers on both sides of a relative depth in (0, 1)."""
    position = min(max(depth * len(logs) - 0.5, 0.0), len(logs) - 1.0)
    below = math.floor(position)
    above = min(below + 1, len(logs) - 1)
    share = position - below
    return (1 - share) * logs[below] + share * logs[above]


def _same_preset(grouping: Grouping, layers: int) -> Grouping:
    if layers == grouping.n_layers:
        return grouping
    if grouping.preset == "custom":
        raise UsageError(
            f"a custom grouping of {grouping.n_layers} layers says nothing about {layers}; "
            "name the grouping to transfer to, such as paper"
        )
    return make_grouping(grouping.preset, layers)
