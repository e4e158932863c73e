"""Optimizer groups for any training script: weight decay split off, rates by the group's name."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final, Protocol

from engine.files import exporting
from engine.profiles import Grouping, Profile, param_groups
from engine.profiles.parameters import Model

NO_DECAY: Final = ", no decay"
"""How the name of a group ends whose parameters do not decay."""


class Optimizer(Protocol):
    """What is asked of an optimizer; any of torch is one."""

    param_groups: list[dict[str, Any]]


def is_matrix(name: str, parameter: Any) -> bool:  # noqa: ANN401, ARG001 - a tensor, of any library
    """Whether a parameter shall decay: a bias and the scale of a norm have one dimension."""
    return bool(parameter.ndim > 1)


def decayed_groups(
    model: Model,
    profile: Profile | tuple[Grouping, Sequence[float]],
    weight_decay: float,
    *,
    decays: Callable[[str, Any], bool] = is_matrix,
    head_names: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return two groups for every choice: what decays, and what does not.

    They go into any torch optimizer. Names are unique, so a monitor can tell the groups apart.

    Args:
        model: a bare backbone or one with heads, also as wrapped by PEFT, DDP or torch.compile.
        profile: for a backbone of that depth, or a grouping with one rate per choice.
        weight_decay: of those that decay; the others have 0.
        decays: whether a parameter does, by its name and itself; matrices unless you say else.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Returns:
        ``{"name": "layer 1", "choice": 1, "lr": 9.2e-07, "weight_decay": 0.01, "params": [...]}``,
        then ``"layer 1, no decay"``, and so on; those without a trainable parameter are left out.

    Raises:
        UsageError: as ``engine.profiles.param_groups``.
    """
    name_of = {id(parameter): name for name, parameter in model.named_parameters()}
    split: list[dict[str, Any]] = []
    for group in param_groups(model, profile, head_names=head_names):
        sides: dict[bool, list[Any]] = {True: [], False: []}
        for parameter in group["params"]:
            sides[decays(name_of[id(parameter)], parameter)].append(parameter)
        split += [
            {
                **group,
                "name": group["name"] if decayed else f"{group['name']}{NO_DECAY}",
                "weight_decay": weight_decay if decayed else 0.0,
                "params": parameters,
            }
            for decayed, parameters in sides.items()
            if parameters
        ]
    return split


def named_rates(optimizer: Optimizer) -> dict[str, float]:
    """Return the learning rate of every group as it is now, by the group's name.

    Both halves of a choice have one rate, and are named once. A group without a name is called by
    its number.
    """
    return {
        str(group.get("name", number)).removesuffix(NO_DECAY): float(group["lr"])
        for number, group in enumerate(optimizer.param_groups)
    }


def write_groups(optimizer: Optimizer, model: Model, path: str | PathLike[str]) -> None:
    """Write what an optimizer's groups hold and how fast they learn, for ``bertcl-tui import``.

    The rate of a group is the one that a scheduler began with, where one did.

    Raises:
        UsageError: the file cannot be written.
    """
    name_of = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = [_described(group, name_of) for group in optimizer.param_groups]
    with exporting(Path(path)) as beside:
        beside.write_text(json.dumps({"param_groups": groups}, indent=2) + "\n", encoding="utf-8")


def _described(group: dict[str, Any], name_of: dict[int, str]) -> dict[str, Any]:
    parameters: Iterable[Any] = group["params"]
    return {
        **({"name": group["name"]} if "name" in group else {}),
        "lr": float(group.get("initial_lr", group["lr"])),
        "param_names": [name_of[id(parameter)] for parameter in parameters],
    }
