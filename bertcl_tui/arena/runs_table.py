"""The runs of a cell of the arena, one a seed, and the panels that explain a cell."""

from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import Struct
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from bertcl_tui.arena.grid import CellPlace
from bertcl_tui.arena.grid_parts import RUNS
from bertcl_tui.arena.look import Look, shown_state
from bertcl_tui.charts.axis import rate_label
from bertcl_tui.charts.glyphs import rate_glyphs
from bertcl_tui.charts.rate_axis import rate_bounds
from bertcl_tui.store.trial_rows import RunRow, TrialState
from bertcl_tui.style.looks import Looks, state_text
from bertcl_tui.style.wording import score, steps_rate
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.widgets.keys import key_for
from bertcl_tui.widgets.row_table import RowTable
from engine.arena import legend
from engine.arena.entrants import reference_of
from engine.arena.layouts import FREE
from engine.arena.results import CellRuns
from engine.arena.tables import Cell, Table, Value, number_of
from engine.spec import RunSpec, Source
from engine.spec.methods import OptionValue
from engine.store.states import Desired

_BETWEEN: Final = " · "
_SMALLEST_WRITTEN: Final = 1e-3  # of what is written with decimals
_NUMBER: Final = "{:>10}"
_RUNS_NOTE: Final = (
    f"{RUNS}: complete runs; where a row has others, of so many asked for, and what those do."
)


class RunLine(Struct, frozen=True, kw_only=True):
    """A run of a cell."""

    run_id: int
    seed: int
    state: TrialState
    desired: Desired
    values: tuple[float | None, ...]
    """One for each quantity of the table's measure."""
    going: RunRow | None
    reason: str


class RunsTable(RowTable[RunLine]):
    """Shows each seed's numbers, or what became of it."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column(key="seed", label="seed", width=10, align="right"),
        Column(key="state", label="state", width=14),
        Column(key="outcome", label="", width=20, stretch=True),
    )
    GAP = 1

    def __init__(self) -> None:
        super().__init__()
        self._quantities: tuple[str, ...] = ()

    def show_runs(self, look: Look, row: int, column: int) -> None:
        """Show the runs of this cell, by seed."""
        if self._quantities != look.table.quantities:
            self._quantities = look.table.quantities
            self.redraw()
        self.show(_lines(look, row, column))

    def key(self, item: RunLine) -> int:
        return item.run_id

    def header(self, column: Column) -> str:
        if column.key == "outcome":
            return "".join(map(_NUMBER.format, self._quantities))
        return column.label

    def cells(self, item: RunLine, looks: Looks) -> dict[str, Text]:
        state = state_text(item.state, item.desired, looks)
        if item.going is not None and item.going.share:
            state.append(f" {item.going.share:.0%}")
        return {"seed": Text(str(item.seed)), "state": state, "outcome": _outcome(item, looks)}


def _outcome(item: RunLine, looks: Looks) -> Text:
    """Write a run's numbers, or why it has none, or how fast it gets on."""
    if item.state == "complete":
        return Text("".join(_NUMBER.format(score(value)) for value in item.values))
    rate = item.going.rate if item.going else None
    return Text(item.reason or steps_rate(rate), style=looks.muted)


def _lines(look: Look, row: int, column: int) -> list[RunLine]:
    found = look.runs(row, column)
    if found is None:
        return []
    about = look.column(column)
    return [
        RunLine(
            run_id=run.id,
            seed=run.spec.seed,
            state=shown_state(run, look.going),
            desired=run.desired,
            values=tuple(
                number_of(quantity, about, found, run.spec.seed)
                for quantity in look.layout.measure.quantities
            ),
            going=look.going.get(run.id),
            reason=run.reason or "",
        )
        for run in sorted(found.runs, key=lambda run: run.spec.seed)
    ]


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


def cell_facts(look: Look, row: int, column: int) -> list[str]:
    """Return what a cell's numbers mean against the reference's, and where its rates are from."""
    cell, found = look.cell(row, column), look.runs(row, column)
    if found is None:
        return [f"Nothing here: {cell.reason}."]
    reference = look.layout.entrants.index(reference_of(look.layout.entrants))
    if row == reference:
        compared = "the row that the others are compared with"
    else:
        compared = _compared(cell, look.cell(reference, column), look.table.reference)
    return [line for line in (compared, _BETWEEN.join(_rates(found))) if line]


def way_out(look: Look, key: str) -> Iterator[str]:
    """Say how a table comes to its numbers of which nothing was run.

    Args:
        look: at the table.
        key: that asks for tables.
    """
    yield f"Nothing of this table was run yet: {key} has it run."
    if look.layout.name != FREE:
        yield "The paper's numbers are of bert-base on all rows of GLUE."


def _compared(cell: Cell, other: Cell, reference: str) -> str:
    """Say how far a cell is from the reference's, and how sure that is."""
    differences = [
        f"{value.quantity} {legend.signed(value.mean - against.mean)} {_certainty(value)}"
        for value, against in zip(cell.values, other.values, strict=True)
        if value.mean is not None and against.mean is not None
    ]
    return f"against {reference}: {_BETWEEN.join(differences)}" if differences else ""


def _certainty(value: Value) -> str:
    if value.p_value is None:
        return "(not tested)"
    return f"({legend.tested(value.p_value)}{legend.SIGNIFICANT_MARK * value.significant})"


def _rates(found: CellRuns) -> Iterator[str]:
    if found.runs:
        run = found.runs[-1]
        yield _learnt_with(run.spec, run.learning_rates)
    yield from _origin(found.source)


def _learnt_with(spec: RunSpec, learning_rates: tuple[float, ...] | None) -> str:
    """Write the rates that a run learns with, and the options of its method."""
    options = [f"{name} {_shown(value)}" for name, value in spec.options.items()]
    rates = learning_rates or spec.learning_rates
    if rates and "lr" not in spec.options:
        glyphs = rate_glyphs(rates, rate_bounds(rates))
        options = [f"rates {glyphs} {rate_label(min(rates))} to {rate_label(max(rates))}", *options]
    return ", ".join(options)


def _shown(value: OptionValue) -> str:
    if isinstance(value, float):
        return rate_label(value) if 0 < value < _SMALLEST_WRITTEN else f"{value:g}"
    return str(value)


def _origin(source: Source) -> Iterator[str]:
    for tuning in source.tuned:
        on = "" if tuning.study == tuning.sequence else f" on {tuning.sequence}"
        yield f"from {tuning.study} ({tuning.epochs:,.0f} epochs{on})"
    elsewhere = [
        name for name in source.searched_on if name not in {item.sequence for item in source.tuned}
    ]
    if source.published:
        yield f"published by the paper's authors {legend.PUBLISHED}"
    if elsewhere:
        yield f"searched on {', '.join(elsewhere)}"
    if source.note:
        yield f"profile {source.note}"


class LegendPanel(VerticalScroll, can_focus=True):
    """Shows what marks mean, which test was done, and what is missing."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.border_title = "Legend"
        self._shown: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, table: Table) -> None:
        """Explain this table."""
        sentences = tuple(_sentences(table))
        if sentences != self._shown:
            self._shown = sentences
            self.query_one(Static).update("\n".join(sentences))


def _sentences(table: Table) -> Iterator[str]:
    yield from legend.headline_caption(table)
    yield from legend.caption(table, better=f"Bold and {legend.BETTER}")
    yield _RUNS_NOTE
    yield from table.notes
