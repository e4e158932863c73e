"""What is under way and for how long: a line on top where something takes more than a second."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from textual.app import App
from textual.worker import Worker

from bertcl_tui.widgets.frame import TopBar

_LOOK_SECONDS: Final = 0.5
_LONG: Final = 1.0
"""Seconds after which a person wants to know that something is under way."""
_WORDS: Final[Mapping[str, str]] = {
    "check": "checking data, model and device",
    "control": "",
    "export": "writing",
    "start": "checking data, model and device",
}
"""What threads of a group do that somebody waits for; empty: each says it as its description."""


class Elapsed:
    """Looks at an app's threads, and says on top of the screen in front what takes long."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self.clock: Callable[[], float] = time.monotonic
        """Says how much time has passed."""
        self._since: dict[Worker[Any], float] = {}

    def start(self) -> None:
        """Look from now on."""
        self._app.set_interval(_LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Say what is under way for longest, if that is long."""
        now = self.clock()
        going = [each for each in self._app.workers if each.group in _WORDS]
        self._since = {each: self._since.get(each, now) for each in going if not each.is_finished}
        text = next(filter(None, (self._text(each, now) for each in self._since)), "")
        for screen in self._app.screen_stack[-1:]:
            for bar in screen.query(TopBar):
                bar.wait_for(text)

    def _text(self, thread: Worker[Any], now: float) -> str:
        """Say what a thread does and for how long; empty: it is short, or nobody waits for it."""
        took = now - self._since[thread]
        words = _WORDS[thread.group] or thread.description
        return f"{words}… {took:.0f} s" if words and took >= _LONG else ""
