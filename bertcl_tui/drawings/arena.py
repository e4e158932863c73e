"""The arena's table as a person reads it in a terminal."""

from rich.table import Table as Drawn
from rich.text import Text

from engine.arena import legend
from engine.arena.tables import Cell, Row, Table, Value


def draw_arena(table: Table) -> Drawn:
    """Draw the table; numbers that are read together stand below each other."""
    drawn = Drawn(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="bold")
    drawn.add_column("")
    for column in table.columns:
        drawn.add_column(column, justify="right")
    drawn.add_column(legend.COST, justify="right", style="dim")
    for row in table.rows:
        cells = (_cell(cell, paper=_has_paper(row)) for cell in row.cells)
        drawn.add_row(_head(table, row), *cells, legend.cost(row))
    return drawn


def _head(table: Table, row: Row) -> Text:
    """Name the row, and below it what the lines of its cells are."""
    head = Text(row.title)
    if len(table.quantities) > 1:
        for place, quantity in enumerate(table.quantities):
            head.append(f"  {quantity}" if place == 0 else f"\n  {quantity}", style="dim")
    if _has_paper(row):
        head.append("\n  in the paper", style="dim")
    return head


def _cell(cell: Cell, *, paper: bool) -> Text:
    lines = [Text(legend.NOTHING, style="dim")]
    if cell.runs:
        lines = [_value(value) for value in cell.values]
        lines[0].append(legend.marks(cell), style="dim")
    if paper:
        lines += [Text()] * (len(cell.values) - len(lines))
        lines.append(Text(legend.paper(cell), style="dim"))
    return Text("\n").join(lines)


def _value(value: Value) -> Text:
    if value.mean is None:
        return Text(legend.NOTHING, style="dim")
    text = Text(legend.number(value.mean), style="bold" if value.better else "")
    text.append(legend.interval(value.half_width), style="not bold dim")
    marks = (legend.SIGNIFICANT_MARK * value.significant) + (legend.BETTER * value.better)
    return text.append(f"{marks:<2}", style="not bold")


def _has_paper(row: Row) -> bool:
    return any(map(legend.paper, row.cells))
