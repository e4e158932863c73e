"""The warm process of an app: it is there while a person wants it, and ends with the app."""

from collections.abc import Callable
from typing import Final

from textual.app import App

_IDLE_SECONDS: Final = 1.0
"""After the first frame: what that reads of the store comes first."""
_LEAST_MEMORY: Final = 2 * 2**30
"""Bytes that must be left: the process takes a fifth of that."""


class Warming:
    """Has a warm process, from which workers and answers come without loading libraries.

    Args:
        app: whose threads wait for it.
        wanted: whether the person wants one.
    """

    def __init__(self, app: App[None], wanted: Callable[[], bool]) -> None:
        self._app = app
        self._wanted = wanted

    def start(self) -> None:
        """Begin when the app has nothing else to do, and from then on look what is wanted."""
        self._app.set_timer(_IDLE_SECONDS, self.follow)

    def follow(self) -> None:
        """Have one, or have none, as it is wanted by now."""
        if self._wanted():
            self._app.run_worker(self._warm_up, thread=True, group="watch")
        else:
            self.end()

    def end(self) -> None:
        """Let the process end; what came from it goes on."""
        from engine.work.warm import WARM

        WARM.end()

    def _warm_up(self) -> None:
        from engine.work.machine import available_memory
        from engine.work.processes import warm_up

        if available_memory() >= _LEAST_MEMORY:
            warm_up()
