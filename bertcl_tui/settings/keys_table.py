"""Every action in a line, with its keys."""

from typing import ClassVar

from msgspec import Struct
from rich.text import Text

from bertcl_tui.actions import Action
from bertcl_tui.style.looks import Looks
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable


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
