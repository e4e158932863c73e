"""The order and the columns of a table that a person chooses, for every screen with a list."""

from collections.abc import Callable, Iterable
from typing import Any

from bertcl_tui.kit.messages import ColumnsChosen
from bertcl_tui.store.trial_rows import Order
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable


class Listing:
    """Sorts a table by any column and lets its columns be chosen; its screen holds it.

    Args:
        table: the table.
        name: what its columns are remembered under.
        order: by what it is sorted at first.
        reorder: called when the person chose another order; ``order`` is that one already.
    """

    def __init__(
        self, table: RowTable[Any], name: str, order: Order, reorder: Callable[[], None]
    ) -> None:
        self._table, self._name, self._reorder = table, name, reorder
        self.order = order

    def warn_of_unknown(self, keys: Iterable[str], is_column: Callable[[str], bool]) -> None:
        """Show the person which of the columns that were chosen do not exist."""
        unknown = [key for key in keys if not is_column(key)]
        if unknown:
            text = f"There is no column {', '.join(unknown)}; choose others with t."
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
        """Sort by the next column that is shown."""
        keys = {c.sorts: c.key for c in reversed(self._table.shown) if c.sorts}
        fields = list(dict.fromkeys(c.sorts for c in self._table.shown if c.sorts))
        field = self.order.field
        place = fields.index(field) + 1 if field in fields else 0
        self.sort_by(keys[fields[place % len(fields)]])

    def reverse(self) -> None:
        """Turn the order round."""
        self._sort(Order(self.order.field, descending=not self.order.descending))

    def _sort(self, order: Order) -> None:
        self.order = order
        self._reorder()

    # dialogs

    def choose_order(self) -> None:
        """Ask by which column to sort."""
        from bertcl_tui.kit.table_dialogs import SortingScreen

        columns = [column for column in self._table.offered if column.sorts]
        key = "" if self.column is None else self.column.key
        screen = SortingScreen(columns, key, descending=self.order.descending)
        self._table.app.push_screen(screen, self.sort_by)

    def choose_columns(self) -> None:
        """Ask which columns are shown, and have them remembered."""
        from bertcl_tui.kit.table_dialogs import ColumnsScreen

        def answered(columns: tuple[str, ...] | None) -> None:
            if columns is not None:
                self._table.choose(columns)
                self._table.post_message(ColumnsChosen(self._name, columns))

        shown = [column.key for column in self._table.shown]
        self._table.app.push_screen(ColumnsScreen(self._table.offered, shown), answered)
