"""A table for programs: every number on a line of its own."""

import csv
from collections.abc import Iterator
from io import StringIO

from engine.arena.tables import Table

_HEAD = (
    *("entrant", "title", "column", "quantity", "mean", "half_width_95", "runs"),
    *("better", "p_value_holm", "seen", "published", "tuning_epochs", "paper", "reason"),
)


def to_csv(table: Table) -> str:
    """Write every number of a table, at full precision; what there is none of is empty."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(_lines(table))
    return text.getvalue()


def _lines(table: Table) -> Iterator[tuple[object, ...]]:
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            for value in cell.values:
                yield (
                    *(row.entrant, row.title, column, value.quantity),
                    *(value.mean, value.half_width, cell.runs, int(value.better), value.p_value),
                    *(int(cell.seen), int(cell.published), row.tuning_epochs, value.paper),
                    cell.reason,
                )
