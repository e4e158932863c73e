"""``export``: a profile as another trainer reads it."""

from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.cli.output import print_line, say
from bertcl_tui.cli.parameters import HeadNames, names_in, offer_words
from bertcl_tui.style.wording import count
from engine.errors import UsageError, look_up, shown
from engine.files import check_target, expanded, exporting
from engine.profiles import (
    Backbone,
    Profile,
    count_layers,
    published_profile,
    read_profile,
    transfer,
)
from engine.tasks.models import model_path, stated_shape
from engine.trainers.tools import TOOLS, Request, Tool
from engine.trainers.tools.tool import PUBLISHED
from engine.work.ask import parameter_names

_OF_FILES: Final = "@"
"""Stands before the hash in the name of a backbone that was a folder, wherever that lies now."""

ProfileFile = Annotated[
    str, typer.Argument(metavar="PROFILE", help=f"A profile's file, or {PUBLISHED}.")
]
For = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="TOOL",
        help=f"The trainer: {', '.join(TOOLS)}.",
        autocompletion=offer_words({tool.name: tool.what for tool in TOOLS.values()}),
    ),
]
Model = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="The model that is trained, a hub name or a folder; by default the profile's.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write it to this file instead of stdout.")
]


class _Target(Struct, frozen=True):
    """The model that is trained, as far as the trainer has to know it."""

    model: str
    names: tuple[str, ...]
    n_layers: int | None
    """None: nothing on this machine says it."""


def export(
    profile: ProfileFile,
    *,
    tool: For,
    model: Model = "",
    head_names: HeadNames = "",
    out: Out = None,
) -> None:
    """Write a profile as another trainer reads it: HF Trainer, axolotl, torchtitan and others.

    What is written is a script or a configuration to paste from. Patterns in it give every
    parameter of the model exactly one rate. A profile for another depth is carried over to the
    model's.
    """
    chosen = look_up("trainer", tool, TOOLS)
    if out is not None:
        out = expanded(out)
        check_target(out)
    found = published_profile() if profile == PUBLISHED else read_profile(profile)
    heads = names_in(head_names)
    target = _look_at(model or _own_model(found), chosen, heads)
    fitting = _carried_over(found, target)
    text = chosen.write(
        Request(
            profile=fitting,
            source=profile,
            carried=fitting is not found,
            model=target.model,
            names=target.names,
            head_names=(*heads, *chosen.heads(target.names)),
        )
    )
    if out is None:
        for line in text.splitlines():
            print_line(line)
        return
    with exporting(out) as beside:
        beside.write_text(text, encoding="utf-8")
    say(f"{chosen.what} written to {shown(out)}")


def _own_model(profile: Profile) -> str:
    name = profile.backbone.name
    if _OF_FILES in name:
        raise UsageError(
            f"the profile's backbone '{shown(name)}' was a folder; name the model with --model"
        )
    return name


def _look_at(model: str, tool: Tool, head_names: tuple[str, ...]) -> _Target:
    """Find out what must be known of the model; only names take another process, and torch."""
    where = model_path(model)
    if tool.head is None:
        shape = stated_shape(model)
        return _Target(where, (), shape.n_layers if shape else None)
    names = parameter_names(model, tool.head)
    return _Target(where, tool.own_names(names), count_layers(names, head_names=head_names))


def _carried_over(profile: Profile, target: _Target) -> Profile:
    layers, own = target.n_layers, profile.backbone.layers
    if layers is None and target.model != profile.backbone.name:
        say(
            f"nothing on this machine says how many layers '{shown(target.model)}' has; taken for "
            f"{own}, as the profile has"
        )
    if layers is None or layers == own:
        return profile
    say(f"carried over from {count(own, 'layer')} to {layers} by relative depth")
    carried = transfer(profile, Backbone(target.model, layers=layers))
    return replace(carried, name=profile.name)
