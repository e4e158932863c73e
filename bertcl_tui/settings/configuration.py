"""An app that is as its person has set it."""

import os
from pathlib import Path
from threading import Lock
from typing import Final

from msgspec.structs import replace
from textual import work
from textual.app import App
from textual.theme import Theme

from bertcl_tui.actions import ACTIONS
from bertcl_tui.actions.keymap import Keymap, checked_keymap
from bertcl_tui.kit import messages
from bertcl_tui.news.desktop import desktop_sequence
from bertcl_tui.news.events import News
from bertcl_tui.settings import Settings, write_settings
from bertcl_tui.settings.settings import DEFAULT_THEME
from bertcl_tui.style import themes
from engine.errors import EngineError

_TOLD_SECONDS: Final = 12.0
"""A toast stays so long: a person may be looking elsewhere."""


class SettledApp(App[None]):
    """Has the theme and the keys of its settings, and keeps what is changed of them.

    Args:
        settings: what the person likes.
        path: where changes of it are kept; None: nowhere.

    Raises:
        UsageError: keys are given that cannot be.
    """

    def __init__(self, settings: Settings | None, path: Path | None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.own_keys: Keymap = checked_keymap(self.settings.keys, ACTIONS)
        """Keys that the person gave, by the name of an action."""
        self.settings_path = path
        self._worn = self.settings.theme
        self._writing = Lock()
        """Held by the thread that writes: the last one writes what holds last."""
        for theme in (themes.DARK, themes.LIGHT):
            self.register_theme(theme)

    def on_mount(self) -> None:
        wanted = self.settings.theme
        if wanted not in self.available_themes:
            self.settings = replace(self.settings, theme=DEFAULT_THEME)
            text = f"There is no theme '{wanted}'; this is {DEFAULT_THEME}."
            self.notify(text, severity="warning", markup=False)
        self._wear()
        self._press(self.own_keys)
        self.theme_changed_signal.subscribe(self, self._theme_changed)

    def set(self, **changes: object) -> None:
        """Let settings be otherwise from now on, and the next time.

        Raises:
            UsageError: keys are given that cannot be; nothing is changed then.
        """
        settings = replace(self.settings, **changes)
        own_keys = checked_keymap(settings.keys, ACTIONS)
        self.settings = settings
        if own_keys != self.own_keys:
            self._press(own_keys)
        if "theme" in changes:
            self._wear()
        self._keep_settings()

    def tell(self, news: News) -> None:
        """Say what happened, as loudly as the person likes it."""
        if not self.settings.notify:
            return
        self.notify(news.text, severity=news.severity, timeout=_TOLD_SECONDS, markup=False)
        if self.settings.bell:
            self.bell()
        sequence = desktop_sequence(news.text, os.environ) if self.settings.desktop else ""
        if sequence and self._driver is not None:
            self._driver.write(sequence)

    def _press(self, own_keys: Keymap) -> None:
        self.own_keys = own_keys
        self.set_keymap({name: ",".join(keys) for name, keys in own_keys.items()})

    def _wear(self) -> None:
        """Put on the theme that is set, or one that can be read in its place."""
        wanted = self.settings.theme
        # without colours Textual makes greys of them, and has no grey for the terminal's own
        self._worn = (
            DEFAULT_THEME if self.no_color and self.available_themes[wanted].ansi else wanted
        )
        if self._worn != wanted:
            text = f"{wanted} needs colours, and NO_COLOR is set; this is {self._worn}."
            self.notify(text, severity="warning", markup=False)
        self.theme = self._worn

    def _theme_changed(self, theme: Theme) -> None:
        """Remember a theme that was chosen in the palette."""
        if theme.name != self._worn:
            self.set(theme=theme.name)

    @work(thread=True, exclusive=True, group="settings")
    def _keep_settings(self) -> None:
        if self.settings_path is None:
            return
        with self._writing:
            try:
                write_settings(self.settings, self.settings_path)
            except EngineError as error:
                self.post_message(messages.Trouble(str(error)))
