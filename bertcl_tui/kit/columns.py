"""Which columns a table has, and in which order: a list over the screen."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.widgets.column import Column


class ColumnsScreen(ModalScreen[tuple[str, ...] | None]):
    """Asks for columns; the answer is their keys, none for the usual ones, None for never mind.

    Args:
        offered: all that there are.
        shown: the keys of those that are shown, from left to right.
    """

    PLACE: ClassVar[Place] = "columns"
    CSS_PATH = "lists.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("columns")]

    def __init__(self, offered: Sequence[Column], shown: Sequence[str]) -> None:
        super().__init__()
        self._by_key = {column.key: column for column in offered if not column.fixed}
        self._shown = {key for key in shown if key in self._by_key}
        first = [key for key in shown if key in self._by_key]
        self._keys = [*first, *(key for key in self._by_key if key not in self._shown)]

    def compose(self) -> ComposeResult:
        choice = OptionList(compact=True)
        choice.border_title = "Columns"
        choice.border_subtitle = "space in/out · J K move · r usual · enter keep"
        yield choice

    def on_mount(self) -> None:
        self._show(0)

    def _show(self, line: int) -> None:
        choice = self.query_one(OptionList)
        choice.set_options(map(self._option, self._keys))
        choice.highlighted = line

    def _option(self, key: str) -> Option:
        column = self._by_key[key]
        shown = key in self._shown
        text = Text("✓ " if shown else "· ")
        text.append(f"{column.label or column.key:<13}", style="bold" if shown else "")
        text.append(column.title, style="dim")
        return Option(text)

    @property
    def _line(self) -> int:
        return self.query_one(OptionList).highlighted or 0

    def action_go_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_go_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()

    def action_toggle_column(self) -> None:
        """Take the column under the cursor in, or leave it out."""
        self._shown ^= {self._keys[self._line]}
        self._show(self._line)

    def action_move_down(self) -> None:
        self._move(1)

    def action_move_up(self) -> None:
        self._move(-1)

    def _move(self, lines: int) -> None:
        place = self._line
        to = max(0, min(place + lines, len(self._keys) - 1))
        self._keys.insert(to, self._keys.pop(place))
        self._show(to)

    def action_usual_columns(self) -> None:
        """Go back to the columns that are shown where nothing was chosen."""
        self.dismiss(())

    @on(OptionList.OptionSelected)
    def action_keep(self) -> None:
        """Show these; none at all would be no table, so then the usual ones."""
        self.dismiss(tuple(key for key in self._keys if key in self._shown))

    def action_back(self) -> None:
        """Never mind."""
        self.dismiss(None)
