"""A panel of text that is as long as it needs to be: wrapped, and scrolled where it is longer."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.style.looks import Write, looks_of


class TextPanel(VerticalScroll):
    """Shows a text that is written anew for another width or theme."""

    PLACE: ClassVar[Place] = "text"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("text")]
    ALLOW_MAXIMIZE = True
    DEFAULT_CSS: ClassVar[str] = """
    TextPanel { height: 1fr; width: 1fr; }
    TextPanel > Static { width: 1fr; height: auto; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._write: Write | None = None
        self._written = Text()

    def compose(self) -> ComposeResult:
        yield Static(id="text")

    def show(self, write: Write) -> None:
        """Show what this writes from now on."""
        self._write = write
        self._show()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show())

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        if self._write is None or not self.size.width:
            return
        text = self._write(self.scrollable_content_region.width, looks_of(self.app))
        if text == self._written and text.spans == self._written.spans:
            return
        self._written = text
        self.query_one("#text", Static).update(text)
