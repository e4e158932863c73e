"""A screen with a list whose order and columns a person chooses."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from bertcl_tui.kit.live import LiveScreen
from bertcl_tui.kit.messages import ColumnsChosen
from bertcl_tui.store.filters.history import History
from bertcl_tui.store.rows import Order
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable


class ListScreen(LiveScreen):
    """Sorts by any column, by key and by click, and lets columns be chosen.

    Args:
        columns: keys of those that the person chose; none: the usual ones.
        history: of earlier filters.
    """

    TABLE: ClassVar[str]
    """What the table's columns are kept under."""

    def __init__(self, columns: Sequence[str] = (), history: History | None = None) -> None:
        super().__init__()
        self.columns, self.history = tuple(columns), history

    @property
    @abstractmethod
    def list_table(self) -> RowTable[Any]:
        """The table."""

    @property
    @abstractmethod
    def order(self) -> Order:
        """By what it is sorted."""

    @abstractmethod
    def set_order(self, order: Order) -> None:
        """Sort it otherwise."""

    def name_unknown(self, is_column: Callable[[str], bool]) -> None:
        """Tell the person of chosen columns that do not exist."""
        unknown = [key for key in self.columns if not is_column(key)]
        if unknown:
            text = f"There is no column {', '.join(unknown)}; choose others with t."
            self.notify(text, severity="warning", markup=False)

    # order

    def on_row_table_header_pressed(self, message: RowTable.HeaderPressed) -> None:
        self.sort_by(message.column)

    def sort_by(self, key: str | None) -> None:
        """Sort by a column, or the other way round where it sorts already."""
        column = next((item for item in self.list_table.offered if item.key == key), None)
        if column is None or not column.sorts:
            return
        if column.sorts == self.order.field:
            self.action_reverse()
        else:
            self.set_order(Order(column.sorts, descending=not column.rising))

    def sorting_column(self) -> Column | None:
        """Return the column that sorts, one that is shown where there are two."""
        table = self.list_table
        found = (c for c in (*table.shown, *table.offered) if c.sorts == self.order.field)
        return next(found, None)

    def show_order(self) -> None:
        """Say in the header by which column the list is sorted."""
        column = self.sorting_column()
        key = "" if column is None else column.key
        self.list_table.show_order(key, descending=self.order.descending)

    def action_sort(self) -> None:
        keys = {c.sorts: c.key for c in reversed(self.list_table.shown) if c.sorts}
        fields = list(dict.fromkeys(c.sorts for c in self.list_table.shown if c.sorts))
        field = self.order.field
        place = fields.index(field) + 1 if field in fields else 0
        self.sort_by(keys[fields[place % len(fields)]])

    def action_reverse(self) -> None:
        self.set_order(Order(self.order.field, descending=not self.order.descending))

    def action_choose_sort(self) -> None:
        from bertcl_tui.kit.sorting import SortingScreen

        columns = [column for column in self.list_table.offered if column.sorts]
        sorting = self.sorting_column()
        screen = SortingScreen(
            columns, sorting.key if sorting else "", descending=self.order.descending
        )
        self.app.push_screen(screen, self.sort_by)

    # columns

    def action_choose_columns(self) -> None:
        from bertcl_tui.kit.columns import ColumnsScreen

        table = self.list_table

        def answered(columns: tuple[str, ...] | None) -> None:
            if columns is not None:
                table.choose(columns)
                self.post_message(ColumnsChosen(self.TABLE, columns))

        shown = [column.key for column in table.shown]
        self.app.push_screen(ColumnsScreen(table.offered, shown), answered)
