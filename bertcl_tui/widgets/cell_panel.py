"""What is behind the cell under the cursor: where its rates are from, and its runs."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from bertcl_tui.arena.facts import cell_facts
from bertcl_tui.arena.look import Look
from bertcl_tui.widgets.arena_grid import CellPlace
from bertcl_tui.widgets.runs_table import RunsTable
from bertcl_tui.widgets.titles import entitle


class CellPanel(Vertical):
    def compose(self) -> ComposeResult:
        yield Static(id="cell-facts", markup=False)
        yield RunsTable()

    def show(self, look: Look, place: CellPlace) -> None:
        """Show this cell."""
        row, column = place
        entitle(self, f"{look.entrant(row).title} on {look.column(column).name}")
        self.query_one("#cell-facts", Static).update("\n".join(cell_facts(look, row, column)))
        self.query_one(RunsTable).show_runs(look, row, column)
