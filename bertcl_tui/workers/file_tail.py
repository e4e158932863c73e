"""The end of a file, as it grows."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.widgets.frame import entitle
from engine.errors import UsageError, reason_of, shown

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
            entitle(panel, str(self._path), "y copies the path · esc closes")
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
