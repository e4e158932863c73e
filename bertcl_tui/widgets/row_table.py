"""A table of rows, one line each.

A line is composed once for what it shows and kept until that changes: an update costs what it
changes (a stock DataTable draws all cells anew, 100 ms for 48 lines of 7), and neither the cursor
nor the scroll position jumps.
"""

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import ClassVar, Generic, Literal, TypeVar

from msgspec import Struct
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.looks import Looks, looks_of

Item = TypeVar("Item", bound=Hashable)


class Column(Struct, frozen=True, kw_only=True):
    """A column of a table."""

    key: str
    label: str
    width: int
    align: Literal["left", "right"] = "left"
    stretch: bool = False
    """Takes what room is left; ``width`` is its least."""
    since: int = 0
    """Shown from this width of the table on."""


class RowTable(ScrollView, Generic[Item], can_focus=True):
    """Shows items in lines under a header, with a cursor."""

    PLACE: ClassVar[Place] = "table"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("table")]
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    GAP: ClassVar[int] = 2
    """Blanks after each column."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-table--header",
        "row-table--cursor",
        "row-table--hover",
    }

    cursor: reactive[int] = reactive(0, repaint=False)
    """Line of the cursor, from 0."""
    hovered: reactive[int | None] = reactive(None, repaint=False)

    class Moved(Message):
        """The cursor came to another item, or the item under it changed places with another."""

    class Opened(Message):
        """The item under the cursor was opened: enter, or a second click."""

    class HeaderPressed(Message):
        """A column's name was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._items: Sequence[Item] = ()
        self._lines: dict[int, Strip] = {}
        self._looks: Looks | None = None
        self._laid_out: tuple[tuple[Column, int], ...] = ()

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns that are shown where the table is so wide."""
        return [column for column in self.COLUMNS if column.since <= width]

    @abstractmethod
    def key(self, item: Item) -> Hashable:
        """Return what stays the same while an item changes."""

    @abstractmethod
    def cells(self, item: Item, looks: Looks) -> Mapping[str, Text]:
        """Return what stands in each column, by its key."""

    @property
    def items(self) -> Sequence[Item]:
        """What is shown, from top to bottom."""
        return self._items

    @property
    def current(self) -> Item | None:
        """The item under the cursor."""
        return self._items[self.cursor] if self.cursor < len(self._items) else None

    def show(self, items: Sequence[Item]) -> None:
        """Show these items. The cursor stays on its item, and that where it is on the screen."""
        before, old = self.current, self._items
        self._items = items
        for line in range(max(len(old), len(items))):
            if line >= len(items) or line >= len(old) or old[line] != items[line]:
                self._forget(line)
        if len(old) != len(items):
            self._measure()
        self._keep_cursor(before)

    def _keep_cursor(self, before: Item | None) -> None:
        keys = [self.key(item) for item in self._items]
        key = None if before is None else self.key(before)
        line = keys.index(key) if key in keys else min(self.cursor, max(0, len(keys) - 1))
        if line != self.cursor:
            moved = line - self.cursor
            self.set_reactive(RowTable.cursor, line)
            self.refresh()
            self.scroll_to(y=self.scroll_y + moved, animate=False)
        if (keys[line] if keys else None) != key:
            self.post_message(self.Moved())

    def _forget(self, line: int) -> None:
        self._lines.pop(line, None)
        self._refresh_row(line)

    def _refresh_row(self, line: int) -> None:
        y = 1 + line - round(self.scroll_y)
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def redraw(self) -> None:
        """Compose every line anew."""
        self._lines.clear()
        self._looks = None
        self.refresh()

    # layout

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def on_resize(self) -> None:
        self.lay_out()

    def watch_show_vertical_scrollbar(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        """Choose and measure the columns anew."""
        self._measure()
        self.redraw()

    def _measure(self) -> None:
        width = self.scrollable_content_region.width
        columns = self.columns(width)
        taken = sum(column.width for column in columns) + self.GAP * len(columns)
        spare, stretching = max(0, width - taken), sum(column.stretch for column in columns)
        self._laid_out = tuple(
            (column, column.width + (spare // stretching if column.stretch else 0))
            for column in columns
        )
        self.virtual_size = Size(max(width, taken), len(self._items) + 1)

    # drawing

    def render_line(self, y: int) -> Strip:
        line = y - 1 + round(self.scroll_y)
        if y > 0 and line >= len(self._items):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._row(line) if y else self._header()
        style = self._line_style(line if y else None)
        return strip.apply_style(style).crop_extend(0, self.size.width, style)

    def _line_style(self, line: int | None) -> Style:
        if line is None:
            return self.get_component_rich_style("row-table--header")
        if line == self.cursor:
            return self.get_component_rich_style("row-table--cursor")
        if line == self.hovered:
            return self.get_component_rich_style("row-table--hover")
        return self.rich_style

    def header(self, column: Column) -> str:
        """Return what stands above a column."""
        return column.label

    def _header(self) -> Strip:
        cells = [(Text(self.header(column)), column, width) for column, width in self._laid_out]
        return self._join(cells)

    def _row(self, line: int) -> Strip:
        if line not in self._lines:
            looks = self._looks = self._looks or looks_of(self.app)
            texts = self.cells(self._items[line], looks)
            cells = [(texts[column.key], column, width) for column, width in self._laid_out]
            self._lines[line] = self._join(cells)
        return self._lines[line]

    def _join(self, cells: Sequence[tuple[Text, Column, int]]) -> Strip:
        line = Text(" ", end="", no_wrap=True)
        for text, column, width in cells:
            fitted = text.copy()
            fitted.truncate(width, overflow="ellipsis")
            fitted.align(column.align, width)
            line.append_text(fitted)
            line.append(" " * self.GAP)
        strip = Strip(line.render(self.app.console))
        return strip.adjust_cell_length(self.virtual_size.width, Style.null())

    # moving

    def validate_cursor(self, line: int) -> int:
        return max(0, min(line, len(self._items) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self._refresh_row(old)
        self._refresh_row(new)
        self._show_line(new)
        self.post_message(self.Moved())

    def watch_hovered(self, old: int | None, new: int | None) -> None:
        for line in (old, new):
            if line is not None:
                self._refresh_row(line)

    def _show_line(self, line: int) -> None:
        top, rows = round(self.scroll_y), self.page
        if line < top:
            self.scroll_to(y=line, animate=False)
        elif line >= top + rows:
            self.scroll_to(y=line - rows + 1, animate=False)

    @property
    def page(self) -> int:
        """Lines that can be seen at once."""
        return max(1, self.scrollable_content_region.height - 1)

    def action_cursor_up(self) -> None:
        self.cursor -= 1

    def action_cursor_down(self) -> None:
        self.cursor += 1

    def action_page_up(self) -> None:
        self.cursor -= self.page

    def action_page_down(self) -> None:
        self.cursor += self.page

    def action_first(self) -> None:
        self.cursor = 0

    def action_last(self) -> None:
        self.cursor = len(self._items) - 1

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened())

    # mouse

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None:
            return
        if place.y == 0:
            self._press_header(place.x)
            return
        line = place.y - 1 + round(self.scroll_y)
        if line >= len(self._items):
            return
        if line == self.cursor and event.chain > 1:
            self.action_open()
        self.cursor = line

    def _press_header(self, x: int) -> None:
        right = 1
        for column, width in self._laid_out:
            right += width + self.GAP
            if x < right:
                self.post_message(self.HeaderPressed(column.key))
                return

    def on_mouse_move(self, event: events.MouseMove) -> None:
        place = event.get_content_offset(self)
        line = -1 if place is None else place.y - 1 + round(self.scroll_y)
        self.hovered = line if 0 <= line < len(self._items) else None

    def on_leave(self) -> None:
        self.hovered = None
