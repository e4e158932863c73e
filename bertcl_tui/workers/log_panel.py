"""The last that was said."""

import time

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

from bertcl_tui.store.rows import LogLine
from bertcl_tui.style.looks import looks_of


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
        inks = {"error": looks.bad, "warning": looks.warning, "debug": looks.muted}
        text = Text(no_wrap=True, overflow="ellipsis")
        for line in self._said[-self.size.height :] if self.size.height else ():
            clock = time.strftime("%H:%M", time.localtime(line.at))
            text.append(f"{clock} ", style=looks.muted)
            text.append(f"{line.text}\n", style=inks.get(line.level, ""))
        text.rstrip()
        return text
