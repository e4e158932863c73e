"""From the rate of every parameter, or of an optimizer's groups, to one per choice."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.profiles import Grouping, make_grouping
from engine.profiles.grouping import GroupingPreset
from engine.profiles.parameters import find_places
from engine.profiles.profile import short_rate
from engine.trainers.groups import NO_DECAY
from engine.trainers.tools.fields import number

_SAME: Final = 1e-9
"""Relative difference between rates that were written with another number of digits."""
_NAMES: Final = ("param_names", "params")
_DASH: Final = "–"
_PRESETS: Final[tuple[GroupingPreset, ...]] = ("paper", "original-code")


class ChoiceRates(Struct, frozen=True, kw_only=True):
    """Rates of a profile that were read from elsewhere."""

    grouping: Grouping
    learning_rates: tuple[float, ...]
    notes: tuple[str, ...] = ()
    """What is other than in the file, a line each."""


def rates_of_choices(
    names: Sequence[str],
    rate_of: Callable[[str], float | None],
    preset: str,
    *,
    heads: float | None = None,
    head_names: Collection[str] = (),
) -> ChoiceRates:
    """Return one rate per choice: the geometric mean of its layers', where these differ.

    Args:
        names: of all parameters, in the order of registration.
        rate_of: the rate of a parameter; None: nothing says it, and the others decide.
        preset: how the layers are grouped.
        heads: their rate, where the model has none yet.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Raises:
        UsageError: the parts of one layer have several rates, or nothing says that of one.
    """
    places = find_places(names, head_names)
    grouping = make_grouping(preset, places.n_layers)
    found: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for name, depth in places.depths.items():
        if (rate := rate_of(name)) is not None:
            found[depth][name] = rate
    depths = {depth: _only_rate(depth, rates, grouping) for depth, rates in found.items()}
    notes: list[str] = []
    if grouping.n_layers + 1 not in depths:
        depths[grouping.n_layers + 1], note = _without_heads(depths, heads, grouping)
        notes += note
    _refuse_missing(depths, grouping)
    return _grouped(depths, grouping, notes)


def _only_rate(depth: int, rates: dict[str, float], grouping: Grouping) -> float:
    (one, rate), *others = rates.items()
    for other, another in others:
        if not math.isclose(rate, another, rel_tol=_SAME):
            raise UsageError(
                f"{_called(depth, grouping)} has several rates, such as {short_rate(rate)} for "
                f"'{shown(one)}' and {short_rate(another)} for '{shown(other)}'; a profile has one"
            )
    return rate


def _without_heads(
    depths: dict[int, float], heads: float | None, grouping: Grouping
) -> tuple[float, list[str]]:
    """Return the rate of heads that the model has not, and what is to be said of it."""
    if heads is not None:
        return heads, []
    last = depths.get(grouping.n_layers)
    if last is None:
        raise UsageError(f"nothing says the rate of {_called(grouping.n_layers, grouping)}; add it")
    return last, ["nothing says the rate of the heads: they have that of the last layer"]


def _refuse_missing(depths: dict[int, float], grouping: Grouping) -> None:
    for depth in range(grouping.n_layers + 2):
        if depth not in depths:
            raise UsageError(f"nothing says the rate of {_called(depth, grouping)}; add it")


def _grouped(depths: dict[int, float], grouping: Grouping, notes: list[str]) -> ChoiceRates:
    encoder: list[float] = []
    for label, layers in zip(grouping.labels()[1:], grouping.layers, strict=False):
        rates = [depths[layer] for layer in layers]
        alike = all(math.isclose(rate, rates[0], rel_tol=_SAME) for rate in rates)
        encoder.append(
            rates[0] if alike else math.exp(math.fsum(map(math.log, rates)) / len(rates))
        )
        if not alike:
            notes.append(f"{label} had rates of their own: their geometric mean is taken")
    return ChoiceRates(
        grouping=grouping,
        learning_rates=(depths[0], *encoder, depths[grouping.n_layers + 1]),
        notes=tuple(notes),
    )


def _called(depth: int, grouping: Grouping) -> str:
    if depth == 0:
        return "the embeddings"
    return "the heads" if depth > grouping.n_layers else f"layer {depth}"


class SavedGroups(Struct, frozen=True, kw_only=True):
    """The groups of an optimizer, as they were when its scheduler began."""

    by_parameter: dict[str, float]
    """Rates by the names of parameters; empty where only groups have names."""
    by_group: dict[str, float]
    """Rates by the names of groups, such as ``layers 2–3``."""

    def rates(self, preset: str, *, head_names: Sequence[str] = ()) -> ChoiceRates:
        """Return one rate per choice of a grouping.

        Raises:
            UsageError: the groups do not say it.
        """
        if self.by_parameter:
            names, rate_of = tuple(self.by_parameter), self.by_parameter.get
            return rates_of_choices(names, rate_of, preset, head_names=head_names)
        layers = max((_last_layer(name) for name in self.by_group), default=0)
        if layers:
            for known in dict.fromkeys((preset, *_PRESETS)):
                grouping = make_grouping(known, layers)
                labels = grouping.labels()
                if set(labels) == self.by_group.keys():
                    rates = tuple(self.by_group[label] for label in labels)
                    return ChoiceRates(grouping=grouping, learning_rates=rates)
        raise UsageError(
            f"groups named {_listed(self.by_group)} are none of a profile; write the names of "
            "their parameters too, as engine.trainers.write_groups does"
        )


def read_saved_groups(text: str) -> SavedGroups:
    """Read groups: a list of them, or an object with ``param_groups``.

    Each has ``lr``, or ``initial_lr`` where a scheduler has changed it since, and the names of its
    parameters (``param_names``) or at least its own (``name``).

    Raises:
        UsageError: it is none, a group has no names or no rate, or a parameter is in two of them.
    """
    by_parameter: dict[str, float] = {}
    by_group: dict[str, float] = {}
    for place, group in enumerate(_groups(text), 1):
        lr = number(group.get("initial_lr", group.get("lr")), f"lr of group {place}")
        names = next((group[key] for key in _NAMES if _are_names(group.get(key))), ())
        for name in names:
            if name in by_parameter:
                raise UsageError(f"parameter '{shown(name)}' is in two groups; leave it in one")
            by_parameter[name] = lr
        label = str(group.get("name", "")).removesuffix(NO_DECAY).replace("-", _DASH)
        if not names and not label:
            raise UsageError(
                f"group {place} has neither param_names nor a name; write them with "
                "engine.trainers.write_groups"
            )
        if by_group.setdefault(label, lr) != lr and not names:
            raise UsageError(
                f"two groups named '{shown(label)}' have several rates; name them apart"
            )
    if not by_group:
        raise UsageError("there is no group; write them with engine.trainers.write_groups")
    return SavedGroups(by_parameter=by_parameter, by_group=by_group)


def _groups(text: str) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(
            "the groups are no JSON; write them with engine.trainers.write_groups"
        ) from None
    groups = content.get("param_groups") if isinstance(content, dict) else content
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise UsageError(
            "there is no list of param_groups; write it with engine.trainers.write_groups"
        )
    return groups


def _are_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


def _last_layer(label: str) -> int:
    word = label.replace(_DASH, " ").split()[-1:]
    return int(word[0]) if word and word[0].isdecimal() and len(word[0]) < len("10000") else 0


def _listed(names: Mapping[str, float]) -> str:
    return ", ".join(f"'{shown(name, 30)}'" for name in list(names)[:5])
