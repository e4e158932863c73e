"""The line on top: where one is, and the facts of the place."""

from collections.abc import Sequence

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

_BETWEEN = " · "


class TopBar(Widget):
    """Shows a path on the left, and as many facts on the right as there is room for."""

    def __init__(self, *path: str) -> None:
        super().__init__()
        self._path = path
        self._facts: tuple[str, ...] = ()

    def show(self, path: Sequence[str], facts: Sequence[str]) -> None:
        """Show these; facts come in the order of their weight."""
        if (tuple(path), tuple(facts)) != (self._path, self._facts):
            self._path, self._facts = tuple(path), tuple(facts)
            self.refresh()

    def render(self) -> RenderResult:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("bertcl", style="bold")
        line.append("  " + " › ".join(self._path))
        facts = list(self._facts)
        while facts and len(_BETWEEN.join(facts)) + line.cell_len + 2 > self.size.width:
            facts.pop()
        right = _BETWEEN.join(facts)
        line.append(right.rjust(max(0, self.size.width - line.cell_len)))
        return line
