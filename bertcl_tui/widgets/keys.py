"""Keys as they are: what they are called, and the bar that shows them."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.style import Style
from rich.text import Text
from textual.app import App, RenderResult
from textual.binding import ActiveBinding, Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from bertcl_tui.actions import ACTIONS, Action
from bertcl_tui.actions.action import Keymap, keys_of
from bertcl_tui.style.looks import looks_of

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


def keyed(app: App[object], text: str) -> str:
    """Return a plain text in which ``$name`` is the key of the action of that name."""
    return _NAME.sub(lambda found: key_for(app, found[1]), text)


def key_for(app: App[object], name: str) -> str:
    """Write the key that is shown for the action of that name."""
    action = next(action for action in ACTIONS if action.name == name)
    return key_name(app, pressed_keys(app, action)[0])


class _Key(NamedTuple):
    action: Action
    key: str
    display: str
    enabled: bool

    @property
    def width(self) -> int:
        return len(self.display) + len(self.action.text) + 2


class KeyBar(Widget):
    """Shows the keys of the focused widget, of the screen and of the app; they can be clicked."""

    auto_links = False

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[_Key] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, _: Screen[object]) -> None:
        keys = self._keys()
        if keys != self._shown:
            self._shown = keys
            self.refresh()

    def render(self) -> RenderResult:
        looks = looks_of(self.app)
        line = Text(no_wrap=True, overflow="crop")
        for key in fitting(self._keys(), self.size.width):
            press = Style.from_meta({"@click": f"app.simulate_key('{key.key}')"})
            name, text = (f"bold {looks.accent}", looks.text) if key.enabled else (looks.muted,) * 2
            line.append(key.display, style=Style.parse(name) + press)
            line.append(f" {key.action.text} ", style=Style.parse(text) + press)
        return line

    def _keys(self) -> list[_Key]:
        """Return what can be pressed, in the order of the table of actions."""
        active: dict[str, list[ActiveBinding]] = {}
        for binding in self.screen.active_bindings.values():
            active.setdefault(binding.binding.action, []).append(binding)
        return [
            self._key(action, active[action.handler])
            for action in ACTIONS
            if action.handler in active and action.shown in {"footer", "wide"}
        ]

    def _key(self, action: Action, bindings: Sequence[ActiveBinding]) -> _Key:
        """Take the first key of the table that the focused widget does not type."""
        by_key = {active.binding.key: active for active in bindings}
        keys = pressed_keys(self.app, action)
        key = next((key for key in keys if key in by_key), next(iter(by_key)))
        return _Key(action, key, key_name(self.app, key), by_key[key].enabled)


def fitting(keys: Sequence[_Key], width: int) -> list[_Key]:
    """Return the keys for which there is room: the spare ones go first, from the last on."""
    shown = list(keys)
    spare = [key for key in keys if key.action.shown == "wide"]
    for key in (*reversed(spare), *reversed(keys)):
        if sum(item.width for item in shown) - 1 <= width:
            break
        if key in shown:
            shown.remove(key)
    return shown
