"""The order and the columns of a table that a person chooses, for every screen with a list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec import Struct, field
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.picking import PickingScreen, Wording
from bertcl_tui.store.filters import History
from bertcl_tui.store.trial_rows import Order
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.keys import key_for
from bertcl_tui.widgets.row_table import RowTable


@dataclass
class ColumnsChosen(Message):
    """A table is to have these columns from now on; none: the usual ones."""

    table: str
    columns: tuple[str, ...]


@dataclass
class OrderChosen(Message):
    """A table is to be sorted so from now on."""

    table: str
    order: Order


class Remembered(Struct, frozen=True, kw_only=True):
    """How a person left a table the last time."""

    columns: Sequence[str] = ()
    """Keys of those that were chosen; none: the usual ones."""
    order: Order | None = None
    """None: as it is sorted at first."""
    history: History = field(default_factory=History)
    """Of earlier filters."""


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
        choice.border_subtitle = " · ".join(
            (
                f"{key_for(self.app, 'toggle_column')} in/out",
                f"{key_for(self.app, 'move_down')} {key_for(self.app, 'move_up')} move",
                f"{key_for(self.app, 'usual_columns')} usual",
                "enter keep",
            )
        )
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


class SortingScreen(PickingScreen[str]):
    """Asks for a column; the answer is its key, None for never mind.

    Args:
        columns: those that can be sorted by.
        sorted_by: key of the one that sorts now.
        descending: whether it sorts from the most on.
    """

    def __init__(self, columns: Sequence[Column], sorted_by: str, *, descending: bool) -> None:
        arrow = "▼" if descending else "▲"
        super().__init__(
            Wording("Sort by", "enter sorts, again turns it round"),
            [column.key for column in columns],
            [_sorting_line(each, arrow if each.key == sorted_by else " ") for each in columns],
            sorted_by,
        )


def _sorting_line(column: Column, mark: str) -> Text:
    text = Text(f"{mark} ")
    text.append(f"{column.label or column.key:<13}", style="bold")
    return text.append(column.title, style="dim")


class Listing:
    """Sorts a table by any column and lets its columns be chosen; its screen holds it.

    Args:
        table: the table.
        name: what its columns and its order are remembered under.
        usual: by what it is sorted at first.
        left: by what it was sorted the last time; by what this table has no column for is passed
            over, as is a single rate, which only some studies have.
        reorder: called when the person chose another order; ``order`` is that one already.
    """

    def __init__(
        self,
        table: RowTable[Any],
        name: str,
        usual: Order,
        left: Order | None,
        reorder: Callable[[], None],
    ) -> None:
        self._table, self._name, self._reorder = table, name, reorder
        known = {column.sorts for column in table.offered if column.sorts}
        self.order = left if left is not None and left.field in known else usual

    def warn_of_unknown(self, keys: Iterable[str], is_column: Callable[[str], bool]) -> None:
        """Show the person which of the columns that were chosen do not exist."""
        unknown = [key for key in keys if not is_column(key)]
        if unknown:
            key = key_for(self._table.app, "choose_columns")
            text = f"There is no column {', '.join(unknown)}; choose others with {key}."
            self._table.notify(text, severity="warning", markup=False)

    # order

    @property
    def column(self) -> Column | None:
        """The column that sorts, one that is shown where there are two."""
        both = (*self._table.shown, *self._table.offered)
        return next((column for column in both if column.sorts == self.order.field), None)

    def show_order(self) -> None:
        """Show in the header by which column the table is sorted."""
        column = self.column
        key = "" if column is None else column.key
        self._table.show_order(key, descending=self.order.descending)

    def sort_by(self, key: str | None) -> None:
        """Sort by a column, or the other way round where it sorts already."""
        column = next((item for item in self._table.offered if item.key == key), None)
        if column is None or not column.sorts:
            return
        if column.sorts == self.order.field:
            self.reverse()
        else:
            self._sort(Order(column.sorts, descending=not column.rising))

    def sort_by_next(self) -> None:
        """Sort by the next column that is shown, or say where to find one that sorts."""
        keys = {c.sorts: c.key for c in reversed(self._table.shown) if c.sorts}
        fields = list(dict.fromkeys(c.sorts for c in self._table.shown if c.sorts))
        if not fields:
            key = key_for(self._table.app, "choose_sort")
            text = f"No column that is shown sorts; {key} offers all."
            self._table.notify(text, markup=False)
            return
        field = self.order.field
        place = fields.index(field) + 1 if field in fields else 0
        self.sort_by(keys[fields[place % len(fields)]])

    def reverse(self) -> None:
        """Turn the order round."""
        self._sort(Order(self.order.field, descending=not self.order.descending))

    def _sort(self, order: Order) -> None:
        self.order = order
        self._table.post_message(OrderChosen(self._name, order))
        self._reorder()

    # dialogs

    def choose_order(self) -> None:
        """Ask by which column to sort."""
        columns = [column for column in self._table.offered if column.sorts]
        key = "" if self.column is None else self.column.key
        screen = SortingScreen(columns, key, descending=self.order.descending)
        self._table.app.push_screen(screen, self.sort_by)

    def choose_columns(self) -> None:
        """Ask which columns are shown, and have them remembered."""

        def answered(columns: tuple[str, ...] | None) -> None:
            if columns is not None:
                self._table.choose(columns)
                self._table.reveal_columns(set(columns) - set(shown))
                self._table.post_message(ColumnsChosen(self._name, columns))

        shown = [column.key for column in self._table.shown]
        self._table.app.push_screen(ColumnsScreen(self._table.offered, shown), answered)
