"""The arena's table on screen: methods by sequences, with a cursor that stands on a cell.

Titles stay where they are while columns pass by; a line is composed once and kept until something
in it changes.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import ClassVar, Final, NamedTuple

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.arena.grid_parts import RUNS, Parts, make_parts
from bertcl_tui.arena.look import Look
from bertcl_tui.style.looks import looks_of
from bertcl_tui.style.themes import colourless
from bertcl_tui.widgets.frame import Sized
from engine.arena.tables import Table

_NARROW: Final = 100
_SHARE: Final = 0.35
_FRAME: Final = 2
"""How much of the screen the table may take with a line between rows, as its style has it."""


class CellPlace(NamedTuple):
    """Where a cell is in the table."""

    row: int
    column: int


class ArenaGrid(ScrollView, Sized, can_focus=True):
    """Shows a table that may be wider and longer than the screen."""

    PLACE: ClassVar[Place] = "grid"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("grid")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"arena-grid--head", "arena-grid--cursor"}

    place: reactive[CellPlace] = reactive(CellPlace(0, 0), repaint=False)
    """Where the cursor stands."""

    class Moved(Message):
        """The cursor came to another cell."""

    class Entered(Message):
        """The person wants to see the runs of the cell under the cursor."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._look: Look | None = None
        self._parts: Parts | None = None
        """What stands in it, for the size and the theme there are."""
        self._lines: dict[int, list[Strip]] = {}
        """By line of the table below the head: the left part, then the columns in sight."""
        self._first = 0
        """The first column in sight."""

    def show(self, look: Look) -> None:
        """Show this table, the best row in sight; later the cursor stays where it is.

        It does so as long as its row and column are still there.
        """
        before, self._look = self._look, look
        if before is not None and (before.table, before.tallies) == (look.table, look.tallies):
            return
        rows, columns = len(look.table.rows), len(look.table.columns)
        if before is not None and before.layout != look.layout:
            self._first = 0
            self.scroll_to(y=0, animate=False)
        self._remake()
        row = _best_row(look.table) if before is None else self.place.row
        self.place = CellPlace(min(row, rows - 1), min(self.place.column, columns - 1))

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Without a table there is no cell to enter."""
        return self._look is not None or action != "enter_cell"

    # what is in sight

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._remake())

    def on_resize(self) -> None:
        self._remake()
        self._reveal()

    def _remake(self) -> None:
        """Make everything anew for the size and the theme there are."""
        if self._look is None:
            return
        self._parts = make_parts(self._look, looks_of(self.app), narrow=self._narrow)
        self._measure()

    def _measure(self) -> None:
        self._lines.clear()
        if self._parts is None:
            return
        self.virtual_size = Size(self.size.width, self._height(self._spacing))
        runs = f"{RUNS} {self._parts.runs}" if self._parts.runs else ""
        below = " · ".join(filter(None, (runs, self._span())))
        if (self.border_subtitle or "") != below:
            self.border_subtitle = below
        self.refresh()

    @property
    def _spacing(self) -> int:
        """Lines between rows: one where each has several and all of them stay in sight."""
        several = self._look is not None and len(self._look.table.quantities) > 1
        most = round(_SHARE * self.screen.size.height) - _FRAME
        return int(several and self._height(1) <= most)

    def _height(self, spacing: int) -> int:
        if self._parts is None:
            return 0
        heights = [block.height + spacing for block in self._parts.blocks]
        return self._parts.head_height + max(0, sum(heights) - spacing)

    @property
    def _narrow(self) -> bool:
        return self.size.width < _NARROW

    @property
    def _gap(self) -> int:
        return 1 if self._narrow else 2

    @property
    def _left(self) -> int:
        """Columns of characters that do not pass by."""
        parts = self._parts
        return parts.title_width + parts.label_width + 2 * self._gap if parts else 0

    def _in_sight(self) -> range:
        """Return the columns for which there is room; one at least."""
        widths = self._parts.widths if self._parts else ()
        room = self.scrollable_content_region.width - self._left
        last = self._first
        for width in widths[self._first :]:
            room -= width + self._gap
            if room < -self._gap and last > self._first:
                break
            last += 1
        return range(self._first, last)

    def _span(self) -> str:
        """Say which columns are in sight, if not all are."""
        shown, there = self._in_sight(), len(self._parts.widths) if self._parts else 0
        if len(shown) >= there:
            return ""
        before = "◂ " if shown.start else ""
        after = " ▸" if shown.stop < there else ""
        return f"{before}columns {shown.start + 1}–{shown.stop} of {there}{after}"

    # drawing

    def render_line(self, y: int) -> Strip:
        if self._parts is None:
            return Strip.blank(self.size.width, self.rich_style)
        head = self._parts.head_height
        if y < head:
            style = self.get_component_rich_style("arena-grid--head")
            strip = Strip.join(self._head(y)).apply_style(style)
        else:
            strip = self._row_line(y - head + round(self.scroll_y))
            style = self.rich_style
        return strip.apply_style(style).crop_extend(0, self.size.width, style)

    def _head(self, y: int) -> Iterator[Strip]:
        assert self._parts is not None
        yield self._strip(self._left)
        for place in self._in_sight():
            head, width = self._parts.heads[place], self._parts.widths[place]
            line = y - self._parts.head_height + len(head)
            text = Text(head[line] if line >= 0 else "")
            text.align("right", width)
            yield self._strip(width + self._gap, text)

    def _row_line(self, line: int) -> Strip:
        found = self._locate(line)
        if found is None:
            return Strip.blank(self.size.width)
        row, inside = found
        if line not in self._lines:
            self._lines[line] = list(self._composed(row, inside))
        strips = list(self._lines[line])
        shown = self._in_sight()
        if row == self.place.row and self.place.column in shown:
            at = 1 + self.place.column - shown.start
            style = self.get_component_rich_style("arena-grid--cursor")
            cell = colourless(strips[at]) if style.reverse else strips[at]
            strips[at] = cell.apply_style(style)
        return Strip.join(strips)

    def _locate(self, line: int) -> tuple[int, int] | None:
        """Return the row that a line is in, and which of its lines it is; None between rows."""
        assert self._parts is not None
        for row, block in enumerate(self._parts.blocks):
            if line < block.height:
                return row, line
            line -= block.height + self._spacing
            if line < 0:
                return None
        return None

    def _composed(self, row: int, inside: int) -> Iterator[Strip]:
        assert self._parts is not None
        block, parts = self._parts.blocks[row], self._parts
        title = block.title[inside].copy()
        title.truncate(parts.title_width, overflow="ellipsis", pad=True)
        yield self._strip(self._left, title, Text(" " * self._gap), block.labels[inside])
        for place in self._in_sight():
            text = block.cells[place][inside].copy()
            text.align("right", parts.widths[place])
            yield self._strip(parts.widths[place] + self._gap, text)

    def _strip(self, width: int, *texts: Text) -> Strip:
        line = Text(end="", no_wrap=True)
        for text in texts:
            line.append_text(text)
        return Strip(line.render(self.app.console)).adjust_cell_length(width)

    # moving

    def validate_place(self, place: CellPlace) -> CellPlace:
        table = self._look.table if self._look else None
        rows, columns = (len(table.rows), len(table.columns)) if table else (1, 1)
        return CellPlace(min(max(place.row, 0), rows - 1), min(max(place.column, 0), columns - 1))

    def watch_place(self) -> None:
        self._reveal()
        self.refresh()
        self.post_message(self.Moved())

    def _reveal(self) -> None:
        """Bring the cell under the cursor into sight."""
        if self._parts is None:
            return
        first = self._first
        self._first = min(first, self.place.column)
        while self.place.column not in self._in_sight():
            self._first += 1
        if self._first != first:
            self._measure()
        blocks = self._parts.blocks
        tops = list(accumulate((block.height + self._spacing for block in blocks), initial=0))
        top = tops[self.place.row]
        bottom = top + blocks[self.place.row].height
        page = self.scrollable_content_region.height - self._parts.head_height
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif bottom > self.scroll_y + page:
            # A whole row stands at the top, so that its title is there.
            self.scroll_to(y=next(y for y in tops if y >= bottom - page or y == top), animate=False)

    def _go(self, rows: int = 0, columns: int = 0) -> None:
        self.place = CellPlace(self.place.row + rows, self.place.column + columns)

    def action_cursor_up(self) -> None:
        self._go(rows=-1)

    def action_cursor_down(self) -> None:
        self._go(rows=1)

    def action_cursor_left(self) -> None:
        self._go(columns=-1)

    def action_cursor_right(self) -> None:
        self._go(columns=1)

    def action_first(self) -> None:
        self.place = CellPlace(0, self.place.column)

    def action_last(self) -> None:
        self.place = CellPlace(len(self._look.table.rows) if self._look else 0, self.place.column)

    def action_enter_cell(self) -> None:
        self.post_message(self.Entered())

    # mouse

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or self._parts is None or offset.y < self._parts.head_height:
            return
        found = self._locate(offset.y - self._parts.head_height + round(self.scroll_y))
        column = self._column_at(offset.x)
        if found is not None and column is not None:
            self.place = CellPlace(found[0], column)

    def _column_at(self, x: int) -> int | None:
        right = self._left
        for place in self._in_sight():
            right += (self._parts.widths[place] if self._parts else 0) + self._gap
            if x < right:
                return place if x >= self._left else self.place.column
        return None

    def _on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        event.stop()
        self._go(columns=1)

    def _on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        event.stop()
        self._go(columns=-1)


def _best_row(table: Table) -> int:
    """Return the row whose mean difference is the largest; 0 where none is above 0.

    A bound is none that one could take.
    """
    there = table.headline.effects if table.headline else ()
    effects = [effect for effect in there if not effect.is_bound]
    best = max(effects, key=lambda effect: effect.mean, default=None)
    if best is None or best.mean <= 0:
        return 0
    return next(place for place, row in enumerate(table.rows) if row.entrant == best.entrant)
