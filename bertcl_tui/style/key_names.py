"""An action's keys as they are pressed in an app, with those that a person gave."""

import re
from typing import Final

from textual.app import App
from textual.binding import Binding
from textual.content import Content

from bertcl_tui.actions import ACTIONS, Action
from bertcl_tui.actions.action import Keymap, keys_of

_ATTRIBUTE: Final = "own_keys"
_NAME: Final = re.compile(r"\$(\w+)")


def pressed_keys(app: App[object], action: Action) -> tuple[str, ...]:
    """Return an action's keys, as Textual calls them; the first is the one shown."""
    own: Keymap = getattr(app, _ATTRIBUTE, {})
    return keys_of(action, own)


def key_names(app: App[object], action: Action) -> str:
    """Write an action's keys as people do."""
    return ", ".join(key_name(app, key) for key in pressed_keys(app, action))


def key_name(app: App[object], key: str) -> str:
    """Write a key as people do."""
    return app.get_key_display(Binding(key, ""))


def with_keys(app: App[object], markup: str) -> Content:
    """Return a text in which ``$name`` is the key of the action of that name."""
    keys = {name: key_for(app, name) for name in _NAME.findall(markup)}
    return Content.from_markup(markup, **keys)


def key_for(app: App[object], name: str) -> str:
    """Write the key that is shown for the action of that name."""
    action = next(action for action in ACTIONS if action.name == name)
    return key_name(app, pressed_keys(app, action)[0])
