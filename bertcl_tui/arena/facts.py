"""What is to be known of a cell besides its numbers."""

from collections.abc import Iterator
from typing import Final

from bertcl_tui.arena.look import Look
from bertcl_tui.charts.bars import rate_bounds
from bertcl_tui.charts.dots import rate_glyphs
from engine.arena import legend
from engine.arena.entrants import short_rate
from engine.arena.layouts import FREE
from engine.arena.results import CellRuns
from engine.arena.tables import Cell, Value, reference_of
from engine.spec import RunSpec, Source
from engine.spec.methods import OptionValue

_BETWEEN: Final = " · "
_LEAST: Final = 1e-3


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
    told = [
        f"{value.quantity} {signed(value.mean - against.mean)} {_certainty(value)}"
        for value, against in zip(cell.values, other.values, strict=True)
        if value.mean is not None and against.mean is not None
    ]
    return f"against {reference}: {_BETWEEN.join(told)}" if told else ""


def signed(difference: float) -> str:
    """Write a difference of accuracies."""
    return f"{difference:+.3f}".replace("-", "−")


def _certainty(value: Value) -> str:
    if value.p_value is None:
        return "(not tested)"
    shown = "p < 0.001" if value.p_value < _LEAST else f"p = {value.p_value:.3f}"
    return f"({shown}{legend.SIGNIFICANT_MARK * value.significant})"


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
        options = [f"rates {glyphs} {_short(min(rates))} to {_short(max(rates))}", *options]
    return ", ".join(options)


def _shown(value: OptionValue) -> str:
    if isinstance(value, float):
        return _short(value) if 0 < value < _LEAST else f"{value:g}"
    return str(value)


def _short(rate: float) -> str:
    return short_rate(float(f"{rate:.1e}"))


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
