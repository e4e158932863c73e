"""What was measured of the runs of a table."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Final

from msgspec import Struct

from engine.arena.plan import Plan
from engine.learning.measures import Lost, matrix_of, where_lost
from engine.spec import Source
from engine.store.connection import Store
from engine.store.measurements import EndAccuracies, end_accuracies, probes_of, stage_ends
from engine.store.runs import RunRecord

_MOST_ROWS: Final = 1_000_000


class CellRuns(Struct, frozen=True, kw_only=True):
    """The runs of one entrant on one sequence, one a seed, with what was measured of them."""

    source: Source
    runs: tuple[RunRecord, ...]
    planned: int
    """How many runs were asked for."""
    accuracies: Mapping[int, EndAccuracies]
    """By seed, of the complete runs alone: accuracies on the validation rows."""
    lost: Mapping[int, Sequence[Lost]] = {}
    """By seed, of those that were probed: where earlier tasks are lost, on the rows that score
    trials."""


class Found(Struct, frozen=True, kw_only=True):
    """What was measured of runs, by their ids."""

    accuracies: Mapping[int, EndAccuracies]
    """On the validation rows."""
    lost: Mapping[int, Sequence[Lost]] = {}


class Results(Struct, frozen=True, kw_only=True):
    """What there is for a table."""

    cells: Mapping[tuple[str, tuple[str, ...]], CellRuns]
    """By the entrant's name and the sequence."""
    reasons: Mapping[tuple[str, tuple[str, ...]], str] = {}
    """Why a cell has no runs."""


def results_of_plan(store: Store, plan: Plan) -> Results:
    """Look up what the runs of a plan have measured by now."""
    found = found_of(store, [run.record for run in plan.runs if run.record is not None])
    cells: dict[tuple[str, tuple[str, ...]], CellRuns] = {}
    for key in dict.fromkeys((run.entrant.name, run.spec.sequence) for run in plan.runs):
        planned = [run for run in plan.runs if (run.entrant.name, run.spec.sequence) == key]
        records = tuple(run.record for run in planned if run.record is not None)
        cells[key] = cell_runs(planned[0].source, records, len(planned), found)
    reasons = {(item.entrant.name, item.sequence): item.reason for item in plan.unfilled}
    return Results(cells=cells, reasons=reasons)


def rows_measured(results: Results) -> dict[str, int]:
    """Return how many rows of each task were measured, as far as its accuracies tell.

    Every accuracy is a share of the same rows, so their number is the least common denominator. A
    task is left out whose accuracies have none, as when they were written down rounded.
    """
    found: dict[str, set[float]] = {}
    for (_, sequence), cell in results.cells.items():
        for accuracies in cell.accuracies.values():
            for (_, task), accuracy in accuracies.items():
                if task < len(sequence):
                    found.setdefault(sequence[task], set()).add(accuracy)
    rows = {
        task: lcm(*(Fraction(each).limit_denominator(_MOST_ROWS).denominator for each in values))
        for task, values in found.items()
    }
    return {task: number for task, number in rows.items() if number <= _MOST_ROWS}


def cell_runs(
    source: Source,
    records: Sequence[RunRecord],
    planned: int,
    found: Found,
) -> CellRuns:
    """Return a cell of these runs.

    Args:
        source: where their rates are from.
        records: the runs, one a seed.
        planned: how many there should be.
        found: what was measured of them, and of others.
    """
    complete = {record.id: record.spec.seed for record in records if record.state == "complete"}
    return CellRuns(
        source=source,
        runs=tuple(records),
        planned=planned,
        accuracies={
            seed: found.accuracies[run_id]
            for run_id, seed in complete.items()
            if run_id in found.accuracies
        },
        lost={
            seed: found.lost[run_id] for run_id, seed in complete.items() if run_id in found.lost
        },
    )


def found_of(store: Store, records: Iterable[RunRecord]) -> Found:
    """Look up what was measured of the complete runs among these."""
    ids = [record.id for record in records if record.state == "complete"]
    probes = probes_of(store, ids)
    searched = stage_ends(store, probes, ["search"])
    return Found(
        accuracies=end_accuracies(store, ids, "validation"),
        lost={
            run_id: where_lost(matrix_of(ends), found)
            for run_id, found in probes.items()
            if (ends := searched.get(run_id, {}).get("search"))
        },
    )
