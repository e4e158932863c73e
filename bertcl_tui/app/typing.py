"""Keys that are typed faster than the app hears them, each for whoever has the focus by then.

A key is handed to the widget that has the focus. What it does there (open a form, go to the next
field) is done a few messages later, and a key that is handed on before goes to the wrong place: to
the screen below the form, to the field before. So the next one waits until the last was heard.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NamedTuple

from textual.app import App
from textual.dom import DOMNode
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input

_PATIENCE: Final = 10.0
"""Seconds after which a key counts as heard, whatever it set off: a form takes a while to open."""
_FOCUS_PATIENCE: Final = 1.0
"""Seconds that a screen has to give somebody the focus, once it is there."""
_LEAST_ROUNDS: Final = 3
"""Times that everybody is waited for: a message sets off others."""


class _Heard(NamedTuple):
    screen: Screen[object] | None
    """Which was in front."""
    around: list[DOMNode]
    """From the focus up to the app."""


class TypedKeys:
    """Hands keys on one after another.

    Args:
        app: whose keys they are.
        hand_on: gives a key to whoever has the focus.
    """

    def __init__(self, app: App[None], hand_on: Callable[[Key], Awaitable[None]]) -> None:
        self._app, self._hand_on = app, hand_on
        self._waiting: deque[Key] = deque()
        self._hearing: asyncio.Task[None] | None = None

    async def take(self, key: Key) -> None:
        """Hand a key on at once where the one before was heard, else when it is its turn."""
        if self._hearing is not None and not self._hearing.done():
            self._waiting.append(key)
            return
        heard = self._hearing_of(key)
        await self._hand_on(key)
        if heard is not None:
            self._hearing = asyncio.create_task(self._in_turn(heard))

    async def _in_turn(self, heard: _Heard | None) -> None:
        while True:
            if heard is not None:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._until(heard), _PATIENCE)
            if not self._waiting or self._front is None:  # none is: the app ends
                return
            key = self._waiting.popleft()
            heard = self._hearing_of(key)
            await self._hand_on(key)

    def _hearing_of(self, key: Key) -> _Heard | None:
        """Return who will hear a key; None: it is but typed into an entry, in its order anyway."""
        front = self._front
        if key.is_printable and front is not None and isinstance(front.focused, Input):
            return None
        return _Heard(front, self._around())

    async def _until(self, heard: _Heard) -> None:
        """Wait until those around the focus, and a screen that opens, are through with it all."""
        rounds, since = 0, time.monotonic()
        while True:
            for node in dict.fromkeys((*heard.around, *self._around())):
                await _through(node)
            rounds += 1
            await asyncio.sleep(0)
            if any(node.message_queue_size for node in self._around()):
                since = time.monotonic()
                continue
            waited = time.monotonic() - since > _FOCUS_PATIENCE
            has_focus = self._front is heard.screen or waited or not _wants_focus(self._front)
            if rounds >= _LEAST_ROUNDS and has_focus:
                return

    @property
    def _front(self) -> Screen[object] | None:
        return self._app.screen if self._app.screen_stack else None

    def _around(self) -> list[DOMNode]:
        """Return who hears a key: from the focus up to the app."""
        screen = self._front
        if screen is None:
            return [self._app]
        inside = screen.focused or screen
        return list(dict.fromkeys((*inside.ancestors_with_self, screen, self._app)))


def _wants_focus(screen: Screen[object] | None) -> bool:
    """Whether a screen has not yet given somebody the focus who shall have it."""
    return (
        screen is not None
        and screen.focused is None
        and screen.AUTO_FOCUS != ""
        and (not screen.is_mounted or bool(screen.focus_chain))
    )


async def _through(node: DOMNode) -> None:
    """Wait until a node has heard what is said to it by now."""
    heard = asyncio.Event()
    if node.is_running and node.call_later(heard.set):
        await heard.wait()
