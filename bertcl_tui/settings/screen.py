"""Settings: colours, notifications, and which key does what."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from msgspec import Struct
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click, Key
from textual.screen import ModalScreen, Screen
from textual.widgets import Label

from bertcl_tui.actions import ACTIONS, Action, Place, bindings_of
from bertcl_tui.actions.action import PLACES, checked_keymap
from bertcl_tui.actions.presets import PRESET_HELP, Keys, given, preset_of, resolved, written
from bertcl_tui.kit.dialogs import ConfirmScreen
from bertcl_tui.options.readers import Field, one_of
from bertcl_tui.settings.configuration import Configuration
from bertcl_tui.store.filters import ANYWHERE, Fields, Filter, fits
from bertcl_tui.style.looks import Looks
from bertcl_tui.style.themes import theme_names
from bertcl_tui.style.wording import count
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.frame import TopBar, entitle
from bertcl_tui.widgets.inputs import FieldRow
from bertcl_tui.widgets.keys import KeyBar, key_names, pressed_keys
from bertcl_tui.widgets.row_table import RowTable
from engine.errors import UsageError


class PressScreen(ModalScreen[str | None]):
    """Waits for a key that may be; the answer is Textual's name of it, None for never mind.

    Args:
        title: what the key is for.
        detail: what is so now.
        refuse: raises UsageError for a key that cannot be.
    """

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "../kit/dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, title: str, detail: str, refuse: Callable[[str], object]) -> None:
        super().__init__()
        self._title, self._detail = title, detail
        self._refuse = refuse

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_subtitle = "esc leaves it as it is"
            yield Label(self._title, id="question", markup=False)
            yield Label(self._detail, id="detail", markup=False)
            yield Label(id="wrong", markup=False)

    def on_key(self, event: Key) -> None:
        """Take any key, those of Textual too."""
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
            return
        try:
            self._refuse(event.key)
        except UsageError as error:
            self.query_one("#wrong", Label).update(f"✗ {error}")
        else:
            self.dismiss(event.key)

    def on_click(self, event: Click) -> None:
        """Never mind, where the click is beside the question."""
        if event.widget is self:
            self.dismiss(None)


class KeysLine(Struct, frozen=True, kw_only=True):
    """An action and its keys."""

    action: Action
    keys: str
    """As people write them."""
    changed: bool
    """Whether the person gave them."""
    where: str


class KeysTable(RowTable[KeysLine]):
    """Shows where each key does what; what was changed has a mark."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="action", label="action", width=16),
        Column(key="keys", label="keys", width=18),
        Column(key="where", label="where", width=24, since=100),
        Column(key="help", label="what it does", width=8, stretch=True),
    )

    def key(self, item: KeysLine) -> str:
        return item.action.name

    def cells(self, item: KeysLine, looks: Looks) -> dict[str, Text]:
        mark = "✎ " if item.changed else ""
        return {
            "action": Text(item.action.text),
            "keys": Text(f"{mark}{item.keys}", style=f"bold {looks.accent}"),
            "where": Text(item.where, style=looks.muted),
            "help": Text(item.action.help),
        }

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Enter is for a new key."""
        return action != "open"


_FILTERED: Final = Fields(numbers={}, words={"where": ()}, example="where:Study sort")
_ON_OFF: Final = ("off", "on")
_THEMES: Final = {
    "bertcl-dark": "Calm and dark, for long looks.",
    "bertcl-light": "The same by day.",
    "ansi-dark": "The terminal's 16 colours, dark.",
    "ansi-light": "The terminal's 16 colours, light.",
}


class SettingsScreen(Screen[None]):
    """Changes what is set; every change holds at once and is remembered.

    Args:
        configuration: of the app.
    """

    PLACE: ClassVar[Place] = "settings"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("settings"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = "#theme Choice"
    CSS_PATH: ClassVar = [
        "screen.tcss",
        "../widgets/field_row.tcss",
        "../widgets/filter_bar.tcss",
        "../widgets/key_bar.tcss",
        "../widgets/row_table.tcss",
        "../widgets/top_bar.tcss",
    ]

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        self._configuration = configuration
        self._where: Filter = ()

    def compose(self) -> ComposeResult:
        yield TopBar("Settings")
        with Vertical(id="choices", classes="panel") as choices:
            choices.border_title = "Settings"
            for field, text in self._fields():
                yield FieldRow(field, text)
        yield KeysTable(classes="panel")
        yield FilterBar(_FILTERED)
        yield KeyBar()

    def _fields(self) -> list[tuple[Field, str]]:
        settings = self._configuration.settings
        themes = {name: _THEMES.get(name, "From Textual.") for name in theme_names()}
        notifications = {
            "off": "Nothing is said.",
            "on": "Tells of ends, stalls and losses.",
        }
        rung = {"off": "Silent.", "on": "Rings with every notification."}
        shown = {
            "off": "Stays in the terminal.",
            "on": "Shown there, if the terminal can.",
        }
        warm = {
            "off": "A worker loads for seconds first.",
            "on": "At once; a process waits, 400 MB.",
        }
        return [
            (_choice("theme", "Theme", themes), settings.theme),
            (_choice("notify", "Notifications", notifications), _ON_OFF[settings.notify]),
            (_choice("bell", "Bell", rung), _ON_OFF[settings.bell]),
            (_choice("desktop", "Desktop", shown), _ON_OFF[settings.desktop]),
            (_choice("warm", "Warm start", warm), _ON_OFF[settings.warm]),
            (_choice("keys", "Keys", PRESET_HELP), preset_of(settings.keys)),
        ]

    def on_mount(self) -> None:
        path = self._configuration.path
        self.query_one(TopBar).show(["Settings"], [str(path)] if path else ["not kept"])
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._show_theme(theme.name))
        self._show_keys()

    def on_screen_resume(self) -> None:
        """Show what was changed elsewhere meanwhile."""
        texts = {field.name: text for field, text in self._fields()}
        for row in self.query(FieldRow):
            if row.text != texts[row.field.name]:
                row.text = texts[row.field.name]

    # the choices

    @on(FieldRow.Changed)
    def _changed(self, event: FieldRow.Changed) -> None:
        event.stop()
        if event.name == "keys":
            self._choose_preset(event.text)
            return
        value = event.text if event.name == "theme" else event.text == _ON_OFF[True]
        if getattr(self._configuration.settings, event.name) != value:
            self._configuration.change(**{event.name: value})

    def _show_theme(self, name: str) -> None:
        row = self.query_one("#theme", FieldRow)
        if row.text != name:
            row.text = name

    # the keys

    @property
    def _own(self) -> dict[str, str]:
        """What the person gave, by the name of an action."""
        return given(self._configuration.settings.keys)

    def _choose_preset(self, name: str) -> None:
        before = preset_of(self._configuration.settings.keys)
        if name != before and not self._give(self._own, name):
            self.query_one("#keys", FieldRow).text = before

    def _show_keys(self) -> None:
        lines = [line for line in map(self._line, ACTIONS) if _fits(line, self._where)]
        changed = len(self._own)
        table = self.query_one(KeysTable)
        entitle(table, f"Keys ─ {count(len(lines), 'action')}", *_subtitle(changed))
        table.show(lines)

    def _line(self, action: Action) -> KeysLine:
        return KeysLine(
            action=action,
            keys=key_names(self.app, action),
            changed=action.name in self._own,
            where=", ".join(PLACES[place] for place in action.places),
        )

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        self._where = message.where
        self._show_keys()

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.query_one(KeysTable).focus()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Offer what can be done with keys where the cursor is on one."""
        if action in {"change_key", "add_key", "reset_key"}:
            return isinstance(self.focused, KeysTable) and self.focused.current is not None
        return action != "reset_keys" or bool(self._own)

    @on(KeysTable.Opened)
    def action_change_key(self) -> None:
        self._ask()

    def action_add_key(self) -> None:
        self._ask(more=True)

    def _ask(self, *, more: bool = False) -> None:
        line = self.query_one(KeysTable).current
        if line is None:
            return
        present = pressed_keys(self.app, line.action) if more else ()

        def with_key(key: str) -> dict[str, str]:
            keys = ",".join(dict.fromkeys((*present, key)))
            return {**self._own, line.action.name: keys}

        def answered(key: str | None) -> None:
            if key is not None:
                self._give(with_key(key))

        self.app.push_screen(
            PressScreen(
                f"Press {'one more' if more else 'another'} key for '{line.action.text}'",
                f"{line.action.help}\nNow: {line.keys}  ({line.where})",
                lambda key: checked_keymap(resolved(self._written(with_key(key))), ACTIONS),
            ),
            answered,
        )

    def action_reset_key(self) -> None:
        line = self.query_one(KeysTable).current
        if line is None:
            return
        keys = self._own
        if keys.pop(line.action.name, None) is None:
            text = f"'{line.action.text}' has the keys it came with: {line.keys}"
            self.notify(text, markup=False)
            return
        self._give(keys)

    def action_reset_keys(self) -> None:
        changed = len(self._own)
        question = ConfirmScreen(
            "Give every action the keys it came with?",
            f"{count(changed, 'action')} changed by you {'is' if changed == 1 else 'are'} reset.",
            "Reset",
        )

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - the dialog gives it by place
            if yes:
                self._give({})

        self.app.push_screen(question, answered)

    def _written(self, own: Mapping[str, str], preset: str | None = None) -> Keys:
        return written(preset or preset_of(self._configuration.settings.keys), own)

    def _give(self, own: Mapping[str, str], preset: str | None = None) -> bool:
        """Let these be the person's keys, over a set of them; whether they can be.

        One that was reset, or is in the set, may clash with another that was given.
        """
        try:
            self._configuration.change(keys=self._written(own, preset))
        except UsageError as error:
            self.notify(str(error), severity="error", markup=False)
            return False
        self._show_keys()
        self.refresh_bindings()
        return True

    def action_back(self) -> None:
        if not self.query_one(FilterBar).clear():
            self.dismiss()


def _choice(name: str, label: str, choices: Mapping[str, str]) -> Field:
    return Field(name, label, "", one_of(name, choices), choices=choices)


def _subtitle(changed: int) -> tuple[str, ...]:
    return (f"{changed} changed by you",) if changed else ()


def _fits(line: KeysLine, where: Filter) -> bool:
    texts = {
        "where": line.where,
        ANYWHERE: f"{line.action.text} {line.action.name} {line.action.help} {line.keys}",
    }
    return fits(where, lambda _: None, texts.__getitem__)
