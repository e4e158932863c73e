"""What kinds of files can be imported, of which kind one is, and the rates that it says."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.errors import UsageError, reason_of, shown, unknown_name
from engine.profiles import Profile, read_profile
from engine.profiles.profile import FORMAT
from engine.trainers.imports.choice_rates import ChoiceRates, rates_of_choices, read_saved_groups
from engine.trainers.imports.trials_table import is_trials_table
from engine.trainers.tools import TOOLS
from engine.trainers.tools.tool import Head

LOG: Final = "log"
TRIALS: Final = "trials"
PROFILE: Final = "profile"
GROUPS: Final = "param-groups"
KINDS: Final = {
    LOG: "a log of the paper's authors",
    TRIALS: "a CSV of trials",
    PROFILE: "a profile's file",
    GROUPS: "an optimizer's groups, as JSON",
    **{name: f"a file of {name}" for name, tool in TOOLS.items() if tool.read is not None},
}
"""What each is, by the name under which people ask for it."""
Names = Callable[[Head], Sequence[str]]
"""Returns the names of a model's parameters, with such a head."""


def kind_of(path: Path, asked: str = "") -> str:
    """Return of which kind a file is: what was asked for, or what it looks like.

    Raises:
        UsageError: there is no such kind, or the file cannot be read.
    """
    if asked:
        if asked not in KINDS:
            raise unknown_name("kind of file", asked, KINDS)
        return asked
    text = read_text(path)
    match path.suffix.lower():
        case ".json":
            return _kind_of_json(text)
        case ".yaml" | ".yml":
            return "axolotl" if "lr_groups" in text else "fairseq2"
        case ".py":
            return "torchtitan"
        case _:
            return TRIALS if is_trials_table(text.partition("\n")[0]) else LOG


def read_rates(
    path: Path, kind: str, preset: str, names: Names, head_names: Sequence[str] = ()
) -> ChoiceRates:
    """Return the rates that a file says, one per choice.

    Args:
        path: of the file.
        kind: of ``KINDS``, but neither a log nor trials.
        preset: how the layers are grouped; a profile says so itself.
        names: of the parameters of the model that learns at them.
        head_names: names of the model's own head modules, besides ``classifier`` and the like.

    Raises:
        UsageError: the file cannot be read, or does not say the rate of every choice.
    """
    if kind == PROFILE:
        return _rates_of(read_profile(path), path)
    try:
        if kind == GROUPS:
            return read_saved_groups(read_text(path)).rates(preset, head_names=head_names)
        return _rates_by_rules(read_text(path), kind, preset, names, head_names)
    except UsageError as error:
        raise UsageError(f"{shown(path)}: {error}") from None


def read_text(path: Path) -> str:
    """Return what stands in a file.

    Raises:
        UsageError: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {shown(path)}: {reason_of(error)}; check the path") from None
    except UnicodeDecodeError:
        raise UsageError(f"{shown(path)} is not text; give what trainers read, or a CSV") from None


def _kind_of_json(text: str) -> str:
    content: object = None
    with suppress(ValueError, RecursionError):
        content = json.loads(text)
    if isinstance(content, dict):
        if content.get("format") == FORMAT:
            return PROFILE
        if "learning_rate_mapping" in content:
            return "sentence-transformers"
    return GROUPS


def _rates_of(profile: Profile, path: Path) -> ChoiceRates:
    if profile.first_lr is not None:
        raise UsageError(
            f"profile {shown(path)} is for later stages, and imported trials are for all; "
            "combine the studies that it came from instead"
        )
    return ChoiceRates(grouping=profile.grouping, learning_rates=profile.learning_rates)


def _rates_by_rules(
    text: str, kind: str, preset: str, names: Names, head_names: Sequence[str]
) -> ChoiceRates:
    tool = TOOLS[kind]
    assert tool.read is not None
    assert tool.head is not None
    rules = tool.read(text)
    own = tool.own_names(names(tool.head))
    return rates_of_choices(
        own,
        rules.rate_of,
        preset,
        heads=rules.otherwise,
        head_names=(*head_names, *tool.heads(own)),
    )
