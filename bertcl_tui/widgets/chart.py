"""A place where a chart is drawn, away from the event loop."""

from itertools import zip_longest
from typing import ClassVar, Protocol

from rich.text import Text
from textual import work
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import get_current_worker

from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.style.looks import looks_of


class Drawing(Protocol):
    """What is to be drawn, as a value: two that are equal look the same."""

    def draw(self, size: Size, palette: Palette) -> Text:
        """Draw it."""
        ...


class Chart(Widget):
    """Shows a drawing in the size it has, and draws anew only what differs."""

    ALLOW_MAXIMIZE = True
    DEFAULT_CSS: ClassVar[str] = """
    Chart { height: 1fr; width: 1fr; }
    """

    ALLOW_SELECT = False

    class _Drawn(Message):
        def __init__(self, lines: list[Strip]) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._drawing: Drawing | None = None
        self._asked: tuple[Drawing, Size, Palette] | None = None
        self._lines: list[Strip] = []

    def show(self, drawing: Drawing) -> None:
        """Show this from now on."""
        self._drawing = drawing
        self._ask()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._ask())

    def on_resize(self) -> None:
        self._ask()

    def on_show(self) -> None:
        self._ask()

    def _ask(self) -> None:
        size: Size = (self.size.width, self.size.height)
        if self._drawing is None or not self.display or not all(size):
            return
        asked = (self._drawing, size, looks_of(self.app).palette)
        if asked != self._asked:
            self._asked = asked
            self._draw(*asked)

    @work(thread=True, exclusive=True, group="draw", description="draw")
    def _draw(self, drawing: Drawing, size: Size, palette: Palette) -> None:
        text = self.text_of(drawing, size, palette)
        lines = [Strip(line.render(self.app.console)) for line in text.split(allow_blank=True)]
        if not get_current_worker().is_cancelled:
            self.post_message(self._Drawn(lines))

    def text_of(self, drawing: Drawing, size: Size, palette: Palette) -> Text:
        """Draw, in a thread."""
        return drawing.draw(size, palette)

    def on_chart__drawn(self, message: _Drawn) -> None:
        message.stop()
        before, self._lines = self._lines, message.lines
        for y, (old, new) in enumerate(zip_longest(before, self._lines)):
            if old != new and y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        style = self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, style)
        return self._lines[y].apply_style(style).crop_extend(0, self.size.width, style)
