"""Keys as they come, in sets that are known from other programs, and a person's own over them.

In the settings ``keys`` is the name of a set, or a table of a person's own keys in which ``preset``
may name one: what is in neither is as ``ACTIONS`` has it.
"""

from collections.abc import Mapping
from typing import Final

from engine.errors import unknown_name

USUAL: Final = "usual"
PRESET: Final = "preset"
"""What the set is called among a person's own keys; no action is called so."""
Keys = str | dict[str, str]
"""As settings have them."""

_VIM: Final[Mapping[str, str]] = {
    # h j k l, g and G, slash, n and N, v, y and colon are as in vim anyway
    "page_up": "ctrl+b,ctrl+u,pageup",
    "page_down": "ctrl+f,ctrl+d,pagedown",
    "columns_left": "circumflex_accent,less_than_sign",
    "columns_right": "dollar_sign,greater_than_sign",
    "first_step": "circumflex_accent,home,g",
    "last_step": "dollar_sign,end,G",
    "mark_range": "v,V",
    "clear_marks": "U",
    "fold_archived": "z",
    "undo_delete": "u",
    "unfold": "enter,z",
    "delete_study": "x,D",
    "next_panel": "tab,ctrl+w",
    "next_part": "tab,ctrl+w",
    "turn_panel": "tab,ctrl+w",
    "turn_focus": "tab,ctrl+w",
    "back": "escape,ctrl+o",
    "open_settings": "f2",
}
PRESETS: Final[Mapping[str, Mapping[str, str]]] = {USUAL: {}, "vim": _VIM}
PRESET_HELP: Final[Mapping[str, str]] = {
    USUAL: "Arrows, hjkl move; letters act.",
    "vim": "As vim: x u z V ^d ^u ^w ^o ^ $",
}


def preset_of(keys: Keys) -> str:
    """Return the name of the set that a person chose.

    Raises:
        UsageError: there is none of that name.
    """
    name = keys if isinstance(keys, str) else keys.get(PRESET, USUAL)
    if name not in PRESETS:
        raise unknown_name("set of keys", name, PRESETS)
    return name


def given(keys: Keys) -> dict[str, str]:
    """Return the keys that a person gave, by the name of an action."""
    if isinstance(keys, str):
        return {}
    return {name: text for name, text in keys.items() if name != PRESET}


def resolved(keys: Keys) -> dict[str, str]:
    """Return the keys that are not as ``ACTIONS`` has them: those of the set, a person's over them.

    Raises:
        UsageError: there is no set of that name.
    """
    return {**PRESETS[preset_of(keys)], **given(keys)}


def written(preset: str, own: Mapping[str, str]) -> Keys:
    """Return a set and a person's own keys as settings have them."""
    if not own:
        return {} if preset == USUAL else preset
    return dict(own) if preset == USUAL else {PRESET: preset, **own}
