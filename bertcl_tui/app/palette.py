"""The command palette: what can be done here, by name, with its key."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Final

from msgspec import Struct
from textual.actions import parse
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from bertcl_tui.actions import Action, Place, actions_of
from bertcl_tui.widgets.keys import key_names

_BY_PURPOSE: Final = 0.1
"""The score of what is found by its sentence: below what is found by its name."""


class _Command(Struct):
    title: str
    keys: str
    help: str
    run: Callable[[], Awaitable[object] | None]


class ActionsProvider(Provider):
    """Offers the actions of the place one is in, from the inside to the outside."""

    async def discover(self) -> Hits:
        """Offer all of them, before anything is typed."""
        for command in self._commands():
            display = _display(Content(command.title), command)
            yield DiscoveryHit(display, command.run, text=command.title, help=command.help)

    async def search(self, query: str) -> Hits:
        """Offer those whose name has the letters that were typed, or whose purpose the words."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.title)
            if score <= 0 and query.casefold() in command.help.casefold():
                score = _BY_PURPOSE
            if score > 0:
                display = _display(matcher.highlight(command.title), command)
                yield Hit(score, display, command.run, text=command.title, help=command.help)

    def _commands(self) -> Iterator[_Command]:
        for action, node in offered(self.screen):
            title = f"{action.text[0].upper()}{action.text[1:]}"
            run = partial(self.app.run_action, action.handler, node)
            yield _Command(title, key_names(self.app, action), action.help, run)
        yield _Command("Theme", "", "Choose other colours.", self.app.action_change_theme)


def offered(screen: Screen[object]) -> Iterator[tuple[Action, DOMNode]]:
    """Yield the actions that can be done now, with the node that does each."""
    for place, node in places(screen):
        for action in actions_of(place):
            if action.shown != "help" and _can(node, action):
                yield action, node


def places(screen: Screen[object]) -> Iterator[tuple[Place, DOMNode]]:
    """Yield the places that keys go to, from the inside to the outside."""
    for node in (screen.focused, screen, screen.app):
        place: Place | None = getattr(node, "PLACE", None)
        if node is not None and place is not None:
            yield place, node


def _can(node: DOMNode, action: Action) -> bool:
    _, name, parameters = parse(action.handler)
    return bool(node.check_action(name, parameters))


def _display(title: Content, command: _Command) -> Content:
    return Content.assemble(title, "  ", (command.keys, "$accent"))
