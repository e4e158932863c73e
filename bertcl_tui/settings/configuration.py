"""What an app is set to: its theme and its keys, and the file that changes go to."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from msgspec.structs import replace
from textual.app import App
from textual.theme import Theme

from bertcl_tui.actions import ACTIONS
from bertcl_tui.actions.action import Keymap, checked_keymap
from bertcl_tui.actions.presets import resolved
from bertcl_tui.kit.listing import Remembered
from bertcl_tui.kit.messages import Trouble
from bertcl_tui.news.rules import check_rule
from bertcl_tui.settings import DEFAULT_THEME, Settings, write_settings
from bertcl_tui.store.filters import History
from bertcl_tui.store.trial_rows import Order
from bertcl_tui.style import themes
from engine.errors import EngineError, shown


class Configuration:
    """The settings as they hold in a running app, which they change.

    Args:
        app: gets the theme and the keys.
        settings: what the person has set; None: all as it comes.
        path: of the file that keeps what is changed; None: nothing is written.

    Raises:
        UsageError: keys or rules are given that cannot be.
    """

    def __init__(
        self, app: App[None], settings: Settings | None = None, path: Path | None = None
    ) -> None:
        self._app = app
        self.settings = settings or Settings()
        self.own_keys: Keymap = _keymap(self.settings)
        """Keys that are not as they come, by the name of an action."""
        for name, rule in self.settings.watch.items():
            check_rule(name, rule)
        self.path = path
        self._applied_theme = self.settings.theme
        """The theme in use; another than the one that is set where that one cannot be read."""
        self._histories: dict[str, History] = {}
        """Earlier filters by table, for as long as the app is open."""
        self.changed: list[Callable[[], None]] = []
        """Called when something was changed."""
        self._writing = Lock()
        """Held by the thread that writes: the last one writes what holds last."""
        for theme in (themes.DARK, themes.LIGHT):
            app.register_theme(theme)
        self._begin_dark()

    def apply(self) -> None:
        """Give the mounted app its theme and keys, and follow what is chosen in its palette."""
        theme = self.settings.theme
        if theme not in self._app.available_themes:
            self.settings = replace(self.settings, theme=DEFAULT_THEME)
            self._warn(f"There is no theme '{shown(theme)}'; this is {DEFAULT_THEME}.")
        self._apply_theme()
        self._apply_keys(self.own_keys)
        self._app.theme_changed_signal.subscribe(self._app, self._theme_changed)

    def _begin_dark(self) -> None:
        """Set a dark theme before the styles are parsed; set later, they are parsed once more."""
        theme = self._app.available_themes.get(self.settings.theme)
        if theme is not None and theme.dark and not theme.ansi:
            self._app.set_reactive(App.theme, theme.name)
            self._app.stylesheet.set_variables(self._app.get_css_variables())

    def change(self, **changes: object) -> None:
        """Change settings for now and for the next time.

        Args:
            changes: new values by the field of ``Settings``.

        Raises:
            UsageError: keys are given that cannot be; nothing is changed then.
        """
        settings = replace(self.settings, **changes)
        own_keys = _keymap(settings)
        self.settings = settings
        if own_keys != self.own_keys:
            self._apply_keys(own_keys)
        if "theme" in changes:
            self._apply_theme()
        for changed in self.changed:
            changed()
        self._app.run_worker(self._write, thread=True, exclusive=True, group="settings")

    def table(self, name: str) -> Remembered:
        """Return how the person left a table."""
        settings = self.settings
        if name not in self._histories:
            self._histories[name] = History(table=name, saved=settings.filters.get(name, {}))
        return Remembered(
            columns=settings.columns.get(name, ()),
            order=settings.orders.get(name),
            history=self._histories[name],
        )

    def keep_columns(self, table: str, columns: Sequence[str]) -> None:
        """Have a table show these from now on; none: the usual ones."""
        others = {name: keys for name, keys in self.settings.columns.items() if name != table}
        self.change(columns=others | ({table: tuple(columns)} if columns else {}))

    def keep_order(self, table: str, order: Order) -> None:
        """Have a table sorted so from now on."""
        self.change(orders=self.settings.orders | {table: order})

    def _apply_keys(self, own_keys: Keymap) -> None:
        self.own_keys = own_keys
        self._app.set_keymap({name: ",".join(keys) for name, keys in own_keys.items()})

    def _apply_theme(self) -> None:
        theme = self.settings.theme
        # without colours Textual makes greys of them, and has no grey for the terminal's own
        unreadable = self._app.no_color and self._app.available_themes[theme].ansi
        self._applied_theme = DEFAULT_THEME if unreadable else theme
        if unreadable:
            self._warn(f"{theme} needs colours, and NO_COLOR is set; this is {DEFAULT_THEME}.")
        self._app.theme = self._applied_theme

    def _theme_changed(self, theme: Theme) -> None:
        """Remember a theme that was chosen in the palette."""
        if theme.name != self._applied_theme:
            self.change(theme=theme.name)

    def _write(self) -> None:
        if self.path is None:
            return
        with self._writing:
            try:
                write_settings(self.settings, self.path)
            except EngineError as error:
                self._app.post_message(Trouble(str(error)))

    def _warn(self, text: str) -> None:
        self._app.notify(text, severity="warning", markup=False)


def _keymap(settings: Settings) -> Keymap:
    return checked_keymap(resolved(settings.keys), ACTIONS)
