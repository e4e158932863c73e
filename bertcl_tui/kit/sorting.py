"""By which column a table is sorted: a list over the screen."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.widgets.column import Column


class SortingScreen(ModalScreen[str | None]):
    """Asks for a column; the answer is its key, None for never mind.

    Args:
        columns: those that can be sorted by.
        sorted_by: key of the one that sorts now.
        descending: whether it sorts from the most on.
    """

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "lists.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("j", "go(1)", show=False),
        Binding("k", "go(-1)", show=False),
    ]

    def __init__(self, columns: Sequence[Column], sorted_by: str, *, descending: bool) -> None:
        super().__init__()
        self._columns, self._sorted_by, self._descending = columns, sorted_by, descending

    def compose(self) -> ComposeResult:
        choice = OptionList(*map(self._option, self._columns), compact=True)
        choice.border_title = "Sort by"
        choice.border_subtitle = "enter sorts, again turns it round"
        yield choice

    def on_mount(self) -> None:
        keys = [column.key for column in self._columns]
        place = keys.index(self._sorted_by) if self._sorted_by in keys else 0
        self.query_one(OptionList).highlighted = place

    def _option(self, column: Column) -> Option:
        arrow = "▼" if self._descending else "▲"
        text = Text(f"{arrow if column.key == self._sorted_by else ' '} ")
        text.append(f"{column.label or column.key:<13}", style="bold")
        text.append(column.title, style="dim")
        return Option(text)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._columns[event.option_index].key)

    def action_go(self, lines: int) -> None:
        """Go up or down with the keys of vi."""
        choice = self.query_one(OptionList)
        (choice.action_cursor_down if lines > 0 else choice.action_cursor_up)()

    def action_back(self) -> None:
        """Never mind."""
        self.dismiss(None)
