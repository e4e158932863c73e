"""What stands around a screen: its top line, the titles of its panels, and how large they are."""

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import RenderResult
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

_BETWEEN = " · "


def entitle(widget: Widget, title: str, subtitle: str = "") -> None:
    """Give a panel these titles, word by word; the same again repaints nothing."""
    if widget.border_title != (markup := Text(title).markup):
        widget.border_title = markup
    if (widget.border_subtitle or "") != (markup := Text(subtitle).markup):
        widget.border_subtitle = markup


def tell(static: Static, text: str | Content) -> None:
    """Let it say this; the same again lays out nothing."""
    said = static.content
    if isinstance(said, Content) and isinstance(text, Content):
        if not said.is_same(text):  # equal ones may differ in their colours
            static.update(text)
    elif said != text:
        static.update(text)


class Sized(Widget):
    """Is told of every change of its size.

    Textual compares where widgets stand with where they stood. Whoever asks for a region while
    they move lets it look that up early, and then it finds no difference, and tells nobody.
    """

    _told_size: Size | None = None

    def on_mount(self) -> None:
        laid_out = self.screen.screen_layout_refresh_signal
        laid_out.subscribe(self, self._look_at_size, immediate=True)

    @on(Resize)
    def _know_size(self, event: Resize) -> None:
        self._told_size = event.size

    def _look_at_size(self, _: Screen[object]) -> None:
        if self._told_size != self.size:
            self.call_later(self._tell_size)  # after what Textual may have posted

    def _tell_size(self) -> None:
        if self._told_size is not None and self._told_size != self.size:
            self.post_message(Resize(self.size, self.virtual_size, self.container_size))


class TopBar(Widget):
    """Shows a path on the left, and as many facts on the right as there is room for."""

    def __init__(self, *path: str) -> None:
        super().__init__()
        self._path = path
        self._facts: tuple[str, ...] = ()
        self._waits = ""

    @property
    def path(self) -> tuple[str, ...]:
        """What stands on the left."""
        return self._path

    def show(self, path: Sequence[str], facts: Sequence[str]) -> None:
        """Show these; facts come in the order of their weight."""
        if (tuple(path), tuple(facts)) != (self._path, self._facts):
            self._path, self._facts = tuple(path), tuple(facts)
            self.refresh()

    def wait_for(self, text: str) -> None:
        """Show instead of the facts what is under way; empty: nothing that takes long."""
        if text != self._waits:
            self._waits = text
            self.refresh()

    def render(self) -> RenderResult:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("bertcl", style="bold")
        line.append("  " + " › ".join(self._path))
        facts = [self._waits] if self._waits else list(self._facts)
        while facts and len(_BETWEEN.join(facts)) + line.cell_len + 2 > self.size.width:
            facts.pop()
        right = _BETWEEN.join(facts)
        line.append(right.rjust(max(0, self.size.width - line.cell_len)))
        return line
