"""A table of rows, one line each.

A line is composed once for what it shows and kept until that changes: an update costs what it
changes (a stock DataTable draws all cells anew, 100 ms for 48 lines of 7), and neither the cursor
nor the scroll position jumps.
"""

from abc import abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from msgspec.structs import replace
from rich.segment import Segment
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
from bertcl_tui.style.looks import Looks, looks_of
from bertcl_tui.style.themes import colourless
from bertcl_tui.widgets.column import Column, arrowed, drawn_until, edges, joined, laid_out
from bertcl_tui.widgets.frame import Sized

Item = TypeVar("Item", bound=Hashable)
_ENDS: Final = 2
"""Columns of characters at the ends of the header, which say that there are columns beyond."""


class RowTable(ScrollView, Sized, Generic[Item], can_focus=True):
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
        self._lines: dict[int, tuple[Item, Strip]] = {}
        """What was composed, and for which item."""
        self._looks: Looks | None = None
        self._laid_out: tuple[tuple[Column, int], ...] = ()
        self._width = 0
        self._sorted_by: tuple[str, bool] | None = None
        self._chosen: tuple[str, ...] = ()
        self._page = 0
        """Lines that could be seen at once before its size changed."""

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns as they stand, from left to right."""
        return tuple(column for column, _ in self._laid_out)

    @property
    def offered(self) -> Sequence[Column]:
        """All columns that there are to choose from."""
        return self.COLUMNS

    def choose(self, chosen: Sequence[str]) -> None:
        """Show these columns, by their keys, from left to right; none: those that are usual."""
        if tuple(chosen) != self._chosen:
            self._chosen = tuple(chosen)
            self.lay_out()

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns that are shown where the table is so wide."""
        if not self._chosen:
            return [column for column in self.offered if column.usual and column.since <= width]
        by_key = {column.key: column for column in self.offered}
        fixed = [column for column in self.offered if column.fixed]
        chosen = [by_key[key] for key in self._chosen if key in by_key]
        return fixed + [replace(each, width=max(each.width, each.chosen_width)) for each in chosen]

    def reveal_columns(self, keys: Collection[str]) -> None:
        """Bring the last of these columns in sight, its beginning first of all."""
        room, left = self.scrollable_content_region.width, round(self.scroll_x)
        found = [
            min(begin, end + _ENDS - room)
            for key, begin, end in edges(self._laid_out, self.GAP)
            if key in keys
        ]
        if found and found[-1] > left:
            self._scroll_columns(found[-1] - left)

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

    def line_of(self, key: Hashable) -> int | None:
        """Return in which line an item is, by its key."""
        return next((line for line, item in enumerate(self._items) if self.key(item) == key), None)

    def show(self, items: Sequence[Item], *, stay: bool = False) -> None:
        """Show these items. The cursor stays on its item, and that where it is on the screen.

        Args:
            items: from top to bottom.
            stay: let the cursor stay in its line instead.
        """
        before, old = None if stay else self.current, len(self._items)
        self._items = items
        self._forget_changed(old)
        self._measure()
        self._keep_cursor(None if before is None else self.key(before))

    def _forget_changed(self, old: int) -> None:
        """Compose anew what is not as it was in the lines that can be seen, and keep no others."""
        first, end = self.seen
        kept, self._lines = self._lines, {}
        for line in range(first, max(end, min(old, first + self.size.height))):
            composed = kept.get(line)
            if line < len(self._items) and composed and composed[0] == self._items[line]:
                self._lines[line] = composed
            else:
                self._refresh_row(line)

    def _keep_cursor(self, before: Hashable | None) -> None:
        last = max(0, len(self._items) - 1)
        line = None if before is None else self._place_of(before)
        line = min(self.cursor, last) if line is None else line
        if line != self.cursor:
            moved = line - self.cursor
            self.set_reactive(RowTable.cursor, line)
            self.refresh()
            self.scroll_to(y=self.scroll_y + moved, animate=False, force=True)
        current = self.current
        if (None if current is None else self.key(current)) != before:
            self.post_message(self.Moved())

    def _place_of(self, key: Hashable) -> int | None:
        if self.cursor < len(self._items) and self.key(self._items[self.cursor]) == key:
            return self.cursor
        return self.line_of(key)

    @property
    def seen(self) -> tuple[int, int]:
        """The first line that can be seen, and the one after the last."""
        first = max(0, round(self.scroll_y))
        return first, min(len(self._items), first + max(0, self.size.height - 1))

    def _refresh_row(self, line: int) -> None:
        y = 1 + line - round(self.scroll_y)
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def show_order(self, column: str, *, descending: bool) -> None:
        """Say in the header by which column the items are sorted."""
        if (column, descending) != self._sorted_by:
            self._sorted_by = (column, descending)
            self.refresh(Region(0, 0, self.size.width, 1))

    def redraw(self) -> None:
        """Compose every line anew."""
        self._lines.clear()
        self._looks = None
        self.refresh()

    # layout

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw())

    def on_resize(self) -> None:
        """Lay it out anew; the cursor stays in sight where it was."""
        first = round(self.scroll_y)
        was_seen = first <= self.cursor < first + self._page
        self.lay_out()
        self._page = self.page
        if was_seen:
            self._show_line(self.cursor)

    def watch_show_vertical_scrollbar(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        """Choose and measure the columns anew."""
        self._measure()
        self.redraw()

    def _measure(self) -> None:
        width = self.scrollable_content_region.width
        before, self._laid_out = self._laid_out, laid_out(self.columns(width), width, self.GAP)
        if before != self._laid_out:  # lines of the columns before stand beside their header
            self._lines.clear()
            self.refresh()
        self._width = max(width, sum(each + self.GAP for _, each in self._laid_out))
        self.virtual_size = Size(self._width, len(self._items) + 1)

    # drawing

    def render_line(self, y: int) -> Strip:
        line = y - 1 + round(self.scroll_y)
        if y > 0 and line >= len(self._items):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._row(line) if y else self._header()
        style = self._line_style(line if y else None)
        if style.reverse:
            strip = colourless(strip)
        left, room = round(self.scroll_x), self.size.width
        right = drawn_until(self._laid_out, self.GAP, left + room)
        shown = strip.apply_style(style).crop(left, right).adjust_cell_length(room, style)
        return shown if y else self._with_more(shown, style)

    def _with_more(self, header: Strip, style: Style) -> Strip:
        """Say at the ends of the header that there are columns beyond."""
        room = self.scrollable_content_region.width
        left, right = round(self.scroll_x) > 0, round(self.scroll_x) + room < self._width
        parts = [
            Strip([Segment("‹", style)]) if left else header.crop(0, 1),
            header.crop(1, room - 1),
            Strip([Segment("›", style)]) if right else header.crop(room - 1, room),
            header.crop(room),
        ]
        return Strip.join(parts)

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

    def as_text(self, items: Sequence[Item]) -> str:
        """Return items as they are shown, as tab-separated lines under the columns' names."""
        looks = looks_of(self.app)
        lines = [[column.label or column.key for column in self.shown]]
        for item in items:
            cells = self.cells(item, looks)
            lines.append([cells[column.key].plain for column in self.shown])
        return "".join("\t".join(line) + "\n" for line in lines)

    def _header(self) -> Strip:
        return self._join(
            [(self.titled(column, width), column, width) for column, width in self._laid_out]
        )

    def titled(self, column: Column, width: int) -> Text:
        """Return what stands above a column that is so wide, with an arrow where it sorts."""
        title = Text(self.header(column))
        if self._sorted_by is None or self._sorted_by[0] != column.key:
            return title
        return arrowed(title, width, descending=self._sorted_by[1])

    def _row(self, line: int) -> Strip:
        item = self._items[line]
        composed = self._lines.get(line)
        if composed is None or composed[0] != item:
            looks = self._looks = self._looks or looks_of(self.app)
            texts = self.cells(item, looks)
            cells = [(texts[column.key], column, width) for column, width in self._laid_out]
            composed = self._lines[line] = item, self._join(cells)
        return composed[1]

    def _join(self, cells: Sequence[tuple[Text, Column, int]]) -> Strip:
        strip = Strip(joined(cells, self.GAP).render(self.app.console))
        return strip.adjust_cell_length(self._width, Style.null())

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
            self.scroll_to(y=line, animate=False, force=True)
        elif line >= top + rows:
            self.scroll_to(y=line - rows + 1, animate=False, force=True)

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

    def action_columns_left(self) -> None:
        self._scroll_columns(-self.size.width // 2)

    def action_columns_right(self) -> None:
        self._scroll_columns(self.size.width // 2)

    def _scroll_columns(self, by: int) -> None:
        # By force: without a scroll bar, which would take a line, there is no scrolling else.
        self.scroll_to(x=self.scroll_x + by, animate=False, force=True)

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened())

    # mouse

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None:
            return
        if place.y == 0:
            self._press_header(place.x + round(self.scroll_x))
            return
        line = place.y - 1 + round(self.scroll_y)
        if line >= len(self._items):
            return
        if line == self.cursor and event.chain > 1:
            self.action_open()
        self.cursor = line

    def _press_header(self, x: int) -> None:
        for key, _, end in edges(self._laid_out, self.GAP):
            if x <= end + self.GAP:
                self.post_message(self.HeaderPressed(key))
                return

    def on_mouse_move(self, event: events.MouseMove) -> None:
        place = event.get_content_offset(self)
        line = -1 if place is None else place.y - 1 + round(self.scroll_y)
        self.hovered = line if 0 <= line < len(self._items) else None

    def on_leave(self) -> None:
        self.hovered = None
