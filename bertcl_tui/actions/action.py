"""An action: what it is called, where it is offered, and the keys that a person gave it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Literal, get_args

from msgspec import Struct
from textual.binding import Binding
from textual.keys import REPLACED_KEYS, Keys, key_to_character

from engine.errors import UsageError, nearest, shown

Place = Literal[
    "app",
    "table",
    "list",
    "studies-table",
    "trials",
    "grid",
    "studies",
    "study",
    "curves",
    "plane",
    "replay",
    "parallel",
    "compare",
    "comparison",
    "trial",
    "combine",
    "arena",
    "shifts",
    "work",
    "workers",
    "log",
    "text",
    "classes",
    "new-study",
    "new-table",
    "settings",
    "watch",
    "columns",
    "filter",
    "dialog",
]
Keymap = Mapping[str, tuple[str, ...]]
"""Keys, as Textual calls them, by the name of an action."""
PLACES: Final[Mapping[Place, str]] = {
    "studies": "Studies",
    "study": "Study",
    "studies-table": "studies table",
    "trials": "trials table",
    "trial": "Trial",
    "curves": "chart of curves",
    "plane": "plane of p_o and p_s",
    "replay": "replay of a study",
    "parallel": "Rates and scores of all trials",
    "compare": "Compare",
    "comparison": "trials side by side",
    "combine": "Combine",
    "arena": "Arena",
    "grid": "arena table",
    "shifts": "Shifts",
    "work": "Workers and log",
    "workers": "workers table",
    "log": "log",
    "text": "panels of text",
    "classes": "classes of a task",
    "new-study": "New study",
    "new-table": "New table",
    "settings": "Settings",
    "watch": "Watch",
    "columns": "Columns",
    "filter": "filter",
    "table": "any table",
    "list": "any list",
    "dialog": "dialogs",
    "app": "everywhere",
}
"""What people call a place."""
_INSIDE: Final[Mapping[Place, tuple[Place, ...]]] = {
    "studies": ("table", "studies-table", "filter"),
    "study": ("table", "trials", "curves", "plane", "parallel", "replay", "filter"),
    "compare": ("table", "comparison", "curves"),
    "combine": ("list",),
    "shifts": ("list",),
    "arena": ("table", "grid", "curves"),
    "trial": ("table", "curves", "log", "text", "classes"),
    "work": ("table", "workers", "log"),
    "settings": ("table", "filter"),
    "watch": ("table",),
}
"""What else hears the keys of a screen, besides the app."""
_WIDGETS: Final[frozenset[Place]] = frozenset(chain.from_iterable(_INSIDE.values()))
_NO_TABLES: Final[frozenset[Place]] = frozenset(
    {"list", "curves", "plane", "replay", "text", "filter"}
)
"""Widgets beside the tables of a screen: one of them has the focus, or a table has."""
_MODIFIERS: Final = {"ctrl", "alt", "shift", "meta", "super", "hyper"}
_NAMED: Final = {str(key.value) for key in Keys} | set(REPLACED_KEYS)


class Action(Struct, frozen=True):
    """What a key does in some places. ``action_<handler>`` of the place's class does it."""

    handler: str
    keys: str
    """Textual's key names, comma between alternatives; the first is the one shown."""
    text: str
    """A word or two, for footer and palette."""
    help: str
    """One sentence, for the help screen."""
    places: tuple[Place, ...]
    shown: Literal["footer", "wide", "palette", "help"] = "footer"
    """Where it is shown first, all later ones show it too; wide: the footer, if there is room."""

    elsewhere: tuple[tuple[Place, str], ...] = ()
    """Another sentence, where it does another thing."""

    def help_in(self, place: Place) -> str:
        """Return the sentence for a place."""
        return dict(self.elsewhere).get(place, self.help)

    @property
    def name(self) -> str:
        """What a person calls it who gives it other keys: the handler, as one word."""
        return self.handler.replace("(", "_").rstrip(")")


def read_keys(text: str) -> tuple[str, ...]:
    """Read keys, comma between alternatives.

    Raises:
        UsageError: there is none, or one that no keyboard has.
    """
    keys = tuple(_read_key(key.strip()) for key in ("comma" if text == "," else text).split(","))
    return tuple(dict.fromkeys(keys))


def checked_keymap(keys: Mapping[str, str], actions: Sequence[Action]) -> Keymap:
    """Return the keys that a person gave, as Textual calls them.

    Raises:
        UsageError: no action is called so, no key is called so, or two actions of a place would
            have the same key.
    """
    named = {action.name: action for action in actions}
    keymap: dict[str, tuple[str, ...]] = {}
    for name, text in keys.items():
        if name not in named:
            near = nearest(name, named)
            hint = f"did you mean '{near}'? " if near else ""
            raise UsageError(
                f"no action named '{shown(name)}'; {hint}bertcl-tui config keys lists them all"
            )
        try:
            keymap[name] = read_keys(text)
        except UsageError as error:
            raise UsageError(f"keys of {name}: {error}") from None
    for name, given in keymap.items():
        clash = next(clashes(named[name], given, keymap, actions), None)
        if clash is not None:
            raise UsageError(f"keys of {name}: {clash}")
    return keymap


def keys_of(action: Action, keymap: Keymap) -> tuple[str, ...]:
    """Return the keys of an action; the first is the one shown."""
    return keymap.get(action.name) or usual_keys(action)


def usual_keys(action: Action) -> tuple[str, ...]:
    """Return the keys of an action as it comes."""
    return tuple(
        binding.key for binding in Binding.make_bindings([Binding(action.keys, action.handler)])
    )


def clashes(
    action: Action, keys: Iterable[str], keymap: Keymap, actions: Sequence[Action]
) -> Iterator[str]:
    """Yield a sentence for each other action that has one of these keys where this one does.

    What two share as they come is meant so: the one in the focused widget goes first.
    """
    for other in actions:
        place = None if other is action else _meeting(action.places, other.places)
        if place is None:
            continue
        meant = {*usual_keys(action)} & {*usual_keys(other)}
        taken = [key for key in keys if key in keys_of(other, keymap) and key not in meant]
        for key in taken:
            yield (
                f"{key} would be both '{action.name}' and '{other.name}' "
                f"({PLACES[place]}); choose another key for one of them"
            )


def _meeting(some: Sequence[Place], others: Sequence[Place]) -> Place | None:
    """Return a place where both are active."""
    shared = next((place for place in some if place in others), None)
    if shared is not None:
        return shared
    screens: tuple[Place, ...] = get_args(Place)
    return next(
        (
            place
            for place in screens
            if place not in _WIDGETS
            and any(
                _heard_together(one, other)
                for one in active_in(place) & {*some}
                for other in active_in(place) & {*others}
            )
        ),
        None,
    )


def _heard_together(one: Place, other: Place) -> bool:
    """Whether keys of two places in a screen go to the same focus."""
    return one == other or not ({one, other} <= _WIDGETS and {one, other} & _NO_TABLES)


def active_in(place: Place) -> set[Place]:
    """Return whose keys are active in a screen; a dialog has them all to itself."""
    return {place} if place == "dialog" else {place, "app", *_INSIDE.get(place, ())}


def _read_key(key: str) -> str:
    *modifiers, base = key.split("+")
    base = base if len(base) == 1 and not modifiers else base.lower()
    known = len(base) == 1 or base in _NAMED or key_to_character(base) is not None
    if not base or not known or not _MODIFIERS.issuperset(modifiers):
        raise UsageError(
            f"no key is called '{shown(key)}'; "
            "write one like d, D, ctrl+d, f5, pageup, slash or comma"
        )
    if modifiers == ["shift"] and len(base) == 1 and base.isalpha():
        raise UsageError(f"write '{shown(base.upper())}' for '{shown(key)}'")
    (binding,) = Binding.make_bindings([Binding("+".join((*modifiers, base)), "")])
    return binding.key
