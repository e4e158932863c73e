"""The keys of every action in a table, and the question which key another one shall be."""

from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Click, Key
from textual.screen import ModalScreen
from textual.widgets import Label

from bertcl_tui.actions import Action, Place
from bertcl_tui.style.looks import Looks
from bertcl_tui.widgets.column import Column
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
        Column(key="where", label="where", width=24),
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
