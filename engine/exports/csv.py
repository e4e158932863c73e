"""A table for programs: every number on a line of its own."""

import csv
from collections.abc import Iterator
from io import StringIO

from engine.arena.tables import Table

_HEAD = (
    *("entrant", "title", "column", "quantity", "mean", "half_width_95", "runs"),
    *("better", "p_value_holm", "seen", "published", "tuning_epochs", "paper", "reason"),
    *("declared", "low_95", "high_95", "sequences", "better_on", "worse_on"),
    *("p_better", "p_equal", "p_worse", "tuned_on", "missing"),
)
OVER_SEQUENCES = "over sequences"
"""The column that a headline's numbers stand in."""


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
                    *(cell.reason, row.standing, *("" for _ in range(8)), cell.tuned_on, ""),
                )
    yield from _headline(table)


def _headline(table: Table) -> Iterator[tuple[object, ...]]:
    costs = {row.entrant: row.tuning_epochs for row in table.rows}
    for each in table.headline.effects if table.headline else ():
        runs = sum(len(gain.by_seed) for gain in each.counted)
        there = each.chances
        yield (
            *(each.entrant, each.title, OVER_SEQUENCES, "difference in p", each.mean, "", runs),
            *(int(each.mean > 0), each.p_value, int(each.seen), "", costs[each.entrant], "", ""),
            *(each.standing, each.low, each.high, len(each.counted)),
            *(each.better_on, each.worse_on),
            *((there.better, there.equal, there.worse) if there else ("", "", "")),
            *("", each.missing),
        )
