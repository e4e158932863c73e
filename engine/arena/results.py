"""What was measured of the runs that a table shows."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from engine.arena.wanted import Plan
from engine.spec import Source
from engine.store.accuracies import EndAccuracies, end_accuracies
from engine.store.connection import Store
from engine.store.runs import RunRecord


class CellRuns(Struct, frozen=True, kw_only=True):
    """The runs of one entrant on one sequence, one a seed, with what was measured of them."""

    source: Source
    runs: tuple[RunRecord, ...]
    wanted: int
    """How many runs were asked for."""
    accuracies: Mapping[int, EndAccuracies]
    """By seed, of the complete runs alone: accuracies on the validation rows."""


class Results(Struct, frozen=True, kw_only=True):
    """What there is for a table."""

    cells: Mapping[tuple[str, tuple[str, ...]], CellRuns]
    """By the entrant's name and the sequence."""
    reasons: Mapping[tuple[str, tuple[str, ...]], str] = {}
    """Why a cell has no runs."""


def results_of_plan(store: Store, plan: Plan) -> Results:
    """Look up what the runs of a plan have measured by now."""
    found = _accuracies(store, [run.record for run in plan.runs if run.record is not None])
    cells: dict[tuple[str, tuple[str, ...]], CellRuns] = {}
    for key in dict.fromkeys((run.entrant.name, run.spec.sequence) for run in plan.runs):
        wanted = [run for run in plan.runs if (run.entrant.name, run.spec.sequence) == key]
        records = tuple(run.record for run in wanted if run.record is not None)
        cells[key] = cell_runs(wanted[0].source, records, len(wanted), found)
    reasons = {(item.entrant.name, item.sequence): item.reason for item in plan.unfilled}
    return Results(cells=cells, reasons=reasons)


def cell_runs(
    source: Source,
    records: Sequence[RunRecord],
    wanted: int,
    found: Mapping[int, EndAccuracies],
) -> CellRuns:
    """Return a cell of these runs.

    Args:
        source: where their rates are from.
        records: the runs, one a seed.
        wanted: how many there should be.
        found: accuracies by run id.
    """
    return CellRuns(
        source=source,
        runs=tuple(records),
        wanted=wanted,
        accuracies={
            record.spec.seed: found[record.id]
            for record in records
            if record.state == "complete" and record.id in found
        },
    )


def _accuracies(store: Store, records: Iterable[RunRecord]) -> dict[int, EndAccuracies]:
    ids = [record.id for record in records if record.state == "complete"]
    return end_accuracies(store, ids, "validation")
