"""The words and marks that every renderer of a table uses."""

from typing import Final

from engine.arena.measuring import FEWEST_PAIRS
from engine.arena.tables import SIGNIFICANT, Cell, Row, Table

NOTHING: Final = "–"
BETWEEN: Final = " – "
SEEN: Final = "°"
PUBLISHED: Final = "†"
SIGNIFICANT_MARK: Final = "*"
BETTER: Final = "▴"
"""For what cannot be printed bold."""
COST: Final = "tuning epochs"


def number(value: float) -> str:
    """Write an accuracy or a difference of accuracies."""
    return f"{value:.3f}"


def interval(half_width: float | None) -> str:
    """Write half an interval; empty where there is none."""
    return "" if half_width is None else f"±{half_width:.3f}"


def marks(cell: Cell) -> str:
    """Return what is to be known of where a cell's rates are from."""
    return (SEEN if cell.seen else "") + (PUBLISHED if cell.published else "")


def cost(row: Row) -> str:
    """Write what a row's rates cost to find; what published ones cost nobody knows."""
    if row.tuning_epochs is None:
        return NOTHING
    published = PUBLISHED if any(cell.published for cell in row.cells) else ""
    return (
        published if published and not row.tuning_epochs else f"{row.tuning_epochs:,.0f}{published}"
    )


def paper(cell: Cell) -> str:
    """Write the paper's numbers of a cell; empty where it has none."""
    numbers = [value.paper for value in cell.values if value.paper is not None]
    return BETWEEN.join(map(number, numbers))


def caption(table: Table, better: str = "Bold") -> list[str]:
    """Return what a reader must know to read a table, a sentence each.

    Args:
        table: the table.
        better: how numbers stand out that are better than the reference's.
    """
    cells = [cell for row in table.rows for cell in row.cells]
    shown = any(cell.runs for cell in cells)
    intervals = any(value.half_width is not None for value in table.values())
    sentences = [
        f"{_begun(table.measure)}, on the validation rows"
        + (f"; mean ± 95 % t-interval over {_seeds(cells)}." if intervals else "; one seed."),
        f"{better}: better than {table.reference} with the same seeds, by a row at least."
        if len(table.rows) > 1
        else "",
        _comparison(table),
        f"{SEEN} searched on this very sequence." if any(cell.seen for cell in cells) else "",
        f"{PUBLISHED} rates that the paper's authors published, carried over to this backbone."
        if any(cell.published for cell in cells)
        else "",
        f"{table.setting}." if table.setting else "",
    ]
    return [sentence for sentence in (sentences if shown else sentences[-1:]) if sentence]


def _begun(sentence: str) -> str:
    """Begin a sentence as one does; a symbol stays as it is."""
    return sentence if sentence[1] == " " else f"{sentence[0].upper()}{sentence[1:]}"


def _comparison(table: Table) -> str:
    if len(table.rows) == 1:
        return ""
    if not table.comparisons:
        return f"No test against {table.reference}: it takes {FEWEST_PAIRS} seeds in common."
    return (
        f"{SIGNIFICANT_MARK} differs from {table.reference} in a paired t-test over seeds, "
        f"p < {SIGNIFICANT} after Holm's correction for {table.comparisons} comparisons."
    )


def _seeds(cells: list[Cell]) -> str:
    counts = sorted({cell.runs for cell in cells if cell.runs})
    span = str(counts[0]) if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
    return f"{span} seeds"
