"""Telling what happens: on the screen, by the terminal, and where the rules say."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace
from textual.app import App
from textual.signal import Signal

from bertcl_tui.kit.messages import Trouble
from bertcl_tui.news.events import News, gravest, joined
from bertcl_tui.news.rules import Budget, Rule, budgets_of
from bertcl_tui.news.sending import Post, matches, sample_news, told
from bertcl_tui.news.terminal import desktop_program, desktop_sequence
from bertcl_tui.settings.configuration import Configuration

_TOAST_SECONDS: Final = 12.0
"""A toast stays so long: a person may look elsewhere."""
_PATIENCE: Final = 2.0
"""Seconds that an app which is left waits for what is being sent."""
_KEPT: Final = 200


class Announcer:
    """Tells what happened as a person likes it: here, and where the rules say.

    Args:
        app: shows it.
        configuration: of the app, with its rules.
        write: writes to the terminal what is not for its cells.
    """

    def __init__(
        self, app: App[None], configuration: Configuration, write: Callable[[str], None]
    ) -> None:
        self._app = app
        self._configuration = configuration
        self._write = write
        self._post = Post(self._complain)
        self.told: deque[News] = deque(maxlen=_KEPT)
        """What was told, the latest last."""
        self.told_signal: Signal[None] = Signal(app, "told")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those that hold."""
        rules = self._configuration.settings.watch.values()
        return tuple(rule for rule in rules if rule.active)

    def budgets(self) -> tuple[Budget, ...]:
        """Return the amounts that a rule is about."""
        return budgets_of(self.rules)

    def announce(self, several: Sequence[News]) -> None:
        """Tell of these, together."""
        usual, rules = self._configuration.settings.usual, self.rules
        by_itself = [item for item in several if not item.by_hand and matches(usual, item)]
        wanted = [item for item in several if item in by_itself or told([item], rules)]
        if not wanted:
            return
        self.told.extend(wanted)
        self.told_signal.publish(None)
        self._app.notify(
            joined(wanted), severity=gravest(wanted), timeout=_TOAST_SECONDS, markup=False
        )
        following = (*rules, *((usual,) if by_itself else ()))
        if any(rule.bell and told(wanted, [rule]) for rule in following):
            self._app.bell()
        if on_desktop := told(wanted, [rule for rule in following if rule.desktop]):
            self.show_on_desktop(on_desktop)
        self._post.bring(several, rules)

    def try_out(self, name: str, rule: Rule) -> None:
        """Send a made-up event to all channels of a rule."""
        sample = sample_news(f"the rule {name}")
        if rule.bell:
            self._app.bell()
        if rule.desktop:
            self.show_on_desktop([sample])
        only = replace(rule, on=sample.kinds, studies=(), active=True)
        self._post.bring([sample], [only])

    def show_on_desktop(self, several: Sequence[News]) -> None:
        """Have the terminal show it outside of its window, or else a program of the desktop."""
        sequence = desktop_sequence(joined(several), os.environ)
        if sequence:
            self._write(sequence)
        elif (program := desktop_program(os.environ)) is not None:
            self._post.send(program, several)

    def close(self) -> None:
        """Let what is on its way arrive, but not for long."""
        self._post.close(_PATIENCE)

    def _complain(self, text: str) -> None:
        self._app.post_message(Trouble(text))
