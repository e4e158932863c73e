"""What workers said: lines of the log in a table, the latest in a panel, and the end of a file."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.kit.messages import OpenFile
from bertcl_tui.store.study_rows import LogLine
from bertcl_tui.style.looks import Looks, looks_of
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.widgets.keys import key_for
from bertcl_tui.widgets.row_table import RowTable
from engine.errors import UsageError, reason_of, shown

_INKS: Final = {"error": "bad", "warning": "warning", "debug": "muted"}


class LogTable(RowTable[LogLine]):
    """Shows a window of the log; what is beyond it is asked for."""

    PLACE: ClassVar[Place] = "log"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("log")]
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="time", label="time", width=8),
        Column(key="day", label="day", width=10, since=150),
        Column(key="level", label="level", width=7),
        Column(key="pid", label="worker", width=7, align="right", since=100),
        Column(key="text", label="what was said", width=20, stretch=True),
    )
    GAP = 1

    @dataclass
    class EdgeRequested(Message):
        """The person goes to one end of the whole log."""

        edge: Literal["first", "last"]

    @dataclass
    class HitRequested(Message):
        """The person goes to a line that was searched for."""

        towards: Literal["earlier", "later"]

    class SearchRequested(Message):
        """The person wants to write what to search for."""

    class LevelRequested(Message):
        """The person wants fewer lines, or all again."""

    def __init__(self) -> None:
        super().__init__()
        self._searched = ""

    def search(self, text: str) -> None:
        """Let this text stand out from now on."""
        if text != self._searched:
            self._searched = text
            self.redraw()
            self.refresh_bindings()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Hide what needs a search while there is none."""
        return bool(self._searched) or action not in {"next_hit", "previous_hit"}

    def key(self, item: LogLine) -> int:
        return item.id

    def cells(self, item: LogLine, looks: Looks) -> dict[str, Text]:
        then = time.localtime(item.at)
        ink = getattr(looks, _INKS.get(item.level, "text"))
        said = Text(item.text, style=ink)
        if self._searched:
            hit = f"reverse bold {looks.accent}"
            said.highlight_words([self._searched], hit, case_sensitive=False)
        return {
            "time": Text(time.strftime("%H:%M:%S", then), style=looks.muted),
            "day": Text(time.strftime("%Y-%m-%d", then), style=looks.muted),
            "level": Text(item.level, style=ink),
            "pid": Text("" if item.pid is None else str(item.pid), style=looks.muted),
            "text": said,
        }

    def is_cut(self, line: LogLine) -> bool:
        """Whether a line is longer than there is room for."""
        width = next((width for column, width in self._laid_out if column.key == "text"), 0)
        return cell_len(line.text) > width

    def reveal(self) -> None:
        """Scroll to the cursor, when what was shown last is laid out."""
        self.call_after_refresh(lambda: self._show_line(self.cursor))

    def go_to(self, line_id: int) -> None:
        """Put the cursor on this line, where it is shown."""
        for place, item in enumerate(self.items):
            if item.id == line_id:
                self.cursor = place
                return

    def action_first(self) -> None:
        self.post_message(self.EdgeRequested("first"))

    def action_last(self) -> None:
        self.post_message(self.EdgeRequested("last"))

    def action_search(self) -> None:
        self.post_message(self.SearchRequested())

    def action_next_hit(self) -> None:
        self.post_message(self.HitRequested("later"))

    def action_previous_hit(self) -> None:
        self.post_message(self.HitRequested("earlier"))

    def action_next_level(self) -> None:
        self.post_message(self.LevelRequested())

    def action_open_file(self) -> None:
        line = self.current
        if line is None or line.pid is None:
            self.app.notify("no worker said this", timeout=3)
        else:
            self.post_message(OpenFile(line.host, line.log_file))

    def action_copy_line(self) -> None:
        line = self.current
        if line is None:
            return
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.at))
        self.app.copy_to_clipboard(f"{moment} {line.level} {line.text}")
        self.app.notify("line copied", timeout=2)

    def on_mouse_scroll_up(self) -> None:
        """At the upper edge the wheel moves the cursor, so that earlier lines are asked for."""
        if self.scroll_y <= 0:
            self.cursor = 0

    def on_mouse_scroll_down(self) -> None:
        if self.scroll_y >= self.max_scroll_y:
            self.cursor = len(self.items) - 1


class LogPanel(Widget):
    """Shows as many of the last lines as there is room for."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.border_title = "Log"
        self._said: tuple[LogLine, ...] = ()

    def show(self, lines: tuple[LogLine, ...]) -> None:
        """Show these, the last of them for sure."""
        if lines != self._said:
            self._said = lines
            self.refresh()

    def render(self) -> RenderResult:
        looks = looks_of(self.app)
        text = Text(no_wrap=True, overflow="ellipsis")
        for line in self._said[-self.size.height :] if self.size.height else ():
            clock = time.strftime("%H:%M", time.localtime(line.at))
            text.append(f"{clock} ", style=looks.muted)
            style = getattr(looks, _INKS[line.level]) if line.level in _INKS else ""
            text.append(f"{line.text}\n", style=style)
        text.rstrip()
        return text


_MOST_BYTES = 256 * 1024
_LOOK_SECONDS: Final = 1.0


def tail_of(path: Path) -> str:
    """Return the last lines of a text file, a quarter of a megabyte at most.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - _MOST_BYTES))
            data = file.read()
    except OSError as error:
        raise UsageError(f"{shown(path)} cannot be read: {reason_of(error)}") from None
    text = data.decode(errors="replace")
    return text.partition("\n")[2] if length > _MOST_BYTES else text


class FileTailScreen(ModalScreen[None]):
    """Shows a file from its end, and follows it while one looks at the end."""

    PLACE: ClassVar[Place] = "dialog"
    CSS_PATH = "file_tail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("dialog"),
        Binding("q", "back", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("g", "edge('first')", show=False),
        Binding("G", "edge('last')", show=False),
        Binding("y", "copy_path", show=False),
    ]

    @dataclass
    class Read(Message):
        """What stands in the file, or why that is not known."""

        text: str

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._text: str | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="file") as panel:
            entitle(
                panel, str(self._path), f"y copies the path · {key_for(self.app, 'back')} closes"
            )
            yield Static(markup=False)

    def on_mount(self) -> None:
        self.read_file()
        self.set_interval(_LOOK_SECONDS, self.read_file)

    @work(thread=True, exclusive=True, group="tail")
    def read_file(self) -> None:
        """Read it anew, in a thread."""
        try:
            text = tail_of(self._path)
        except UsageError as error:
            text = str(error)
        self.post_message(self.Read(text))

    @on(Read)
    def _show(self, message: Read) -> None:
        if message.text == self._text:
            return
        panel = self.query_one(VerticalScroll)
        at_end = self._text is None or panel.scroll_y >= panel.max_scroll_y
        self._text = message.text
        self.query_one(Static).update(message.text or "Nothing stands in it yet.")
        if at_end:
            panel.scroll_end(animate=False)

    def action_scroll(self, lines: int, /) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_edge(self, edge: str, /) -> None:
        panel = self.query_one(VerticalScroll)
        if edge == "first":
            panel.scroll_home(animate=False)
        else:
            panel.scroll_end(animate=False)

    def action_copy_path(self) -> None:
        self.app.copy_to_clipboard(str(self._path))
        self.notify("path copied", timeout=2)

    def action_back(self) -> None:
        self.dismiss()
