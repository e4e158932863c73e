"""``param_groups`` of an optimizer as JSON: names of parameters, or of groups, and rates."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from engine.errors import UsageError, shown
from engine.profiles import make_grouping
from engine.profiles.grouping import GroupingPreset
from engine.trainers.groups import NO_DECAY
from engine.trainers.imports.choice_rates import ChoiceRates, rates_of_choices
from engine.trainers.tools.fields import number

_NAMES: Final = ("param_names", "params")
_DASH: Final = "–"
_PRESETS: Final[tuple[GroupingPreset, ...]] = ("paper", "original-code")


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
