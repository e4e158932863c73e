"""How a table of the arena is to be read."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from bertcl_tui.arena.parts import RUNS
from engine.arena import legend
from engine.arena.tables import Table

_COUNTED = f"{RUNS}: complete runs, of so many asked for; beside them what the others do."


class LegendPanel(VerticalScroll, can_focus=True):
    """Shows what marks mean, which test was done, and what is missing."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.border_title = "Legend"
        self._told: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, table: Table) -> None:
        """Explain this table."""
        told = tuple(_sentences(table))
        if told != self._told:
            self._told = told
            self.query_one(Static).update("\n".join(told))


def _sentences(table: Table) -> Iterator[str]:
    yield from legend.caption(table, better=f"Bold and {legend.BETTER}")
    yield _COUNTED
    yield from table.notes
