"""What is behind the cell under the cursor: where its rates are from, and its runs."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from bertcl_tui.arena.facts import cell_facts, way_out
from bertcl_tui.arena.grid import CellPlace
from bertcl_tui.arena.look import Look
from bertcl_tui.arena.runs_table import RunsTable
from bertcl_tui.style.key_names import key_for
from bertcl_tui.widgets.titles import entitle


class CellPanel(Vertical):
    def compose(self) -> ComposeResult:
        yield Static(id="cell-facts", markup=False)
        yield RunsTable()

    def show(self, look: Look, place: CellPlace) -> None:
        """Show this cell."""
        row, column = place
        entitle(self, f"{look.entrant(row).title} on {look.column(column).name}")
        facts = cell_facts(look, row, column)
        if not any(tally for tallies in look.tallies for tally in tallies):
            facts = [*facts, *way_out(look, key_for(self.app, "new_table"))]
        self.query_one("#cell-facts", Static).update("\n".join(facts))
        self.query_one(RunsTable).show_runs(look, row, column)
