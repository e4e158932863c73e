"""What was measured of the runs of a table, and everything that a store's arena has recorded."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Final

from msgspec import Struct

from engine.arena.entrants import Entrant, recorded_entrant
from engine.arena.plan import Plan
from engine.spec import Protocol, RunSpec, Source
from engine.store.connection import Store
from engine.store.measurements import EndAccuracies, end_accuracies
from engine.store.runs import EntryRecord, RunRecord, entries

_MOST_ROWS: Final = 1_000_000


class CellRuns(Struct, frozen=True, kw_only=True):
    """The runs of one entrant on one sequence, one a seed, with what was measured of them."""

    source: Source
    runs: tuple[RunRecord, ...]
    planned: int
    """How many runs were asked for."""
    accuracies: Mapping[int, EndAccuracies]
    """By seed, of the complete runs alone: accuracies on the validation rows."""


class Results(Struct, frozen=True, kw_only=True):
    """What there is for a table."""

    cells: Mapping[tuple[str, tuple[str, ...]], CellRuns]
    """By the entrant's name and the sequence."""
    reasons: Mapping[tuple[str, tuple[str, ...]], str] = {}
    """Why a cell has no runs."""


class Recorded(Struct, frozen=True, kw_only=True):
    """What was run on one model by runs that score alike: only these may stand in one table."""

    data: str
    model: str
    protocol: Protocol
    sequences: tuple[tuple[str, ...], ...]
    """In the order in which they were first asked for, as the entrants are."""
    entrants: tuple[Entrant, ...]
    results: Results


_Setting = tuple[str, str, Protocol]


def results_of_plan(store: Store, plan: Plan) -> Results:
    """Look up what the runs of a plan have measured by now."""
    found = _accuracies(store, [run.record for run in plan.runs if run.record is not None])
    cells: dict[tuple[str, tuple[str, ...]], CellRuns] = {}
    for key in dict.fromkeys((run.entrant.name, run.spec.sequence) for run in plan.runs):
        planned = [run for run in plan.runs if (run.entrant.name, run.spec.sequence) == key]
        records = tuple(run.record for run in planned if run.record is not None)
        cells[key] = cell_runs(planned[0].source, records, len(planned), found)
    reasons = {(item.entrant.name, item.sequence): item.reason for item in plan.unfilled}
    return Results(cells=cells, reasons=reasons)


def recorded(store: Store) -> tuple[Recorded, ...]:
    """Return what the arena has recorded, the setting that was asked for first at the top."""
    found = entries(store)
    settings = dict.fromkeys(_setting(item.run.spec) for item in found)
    return tuple(
        _recorded(store, setting, [item for item in found if _setting(item.run.spec) == setting])
        for setting in settings
    )


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
    found: Mapping[int, EndAccuracies],
) -> CellRuns:
    """Return a cell of these runs.

    Args:
        source: where their rates are from.
        records: the runs, one a seed.
        planned: how many there should be.
        found: accuracies by run id.
    """
    return CellRuns(
        source=source,
        runs=tuple(records),
        planned=planned,
        accuracies={
            record.spec.seed: found[record.id]
            for record in records
            if record.state == "complete" and record.id in found
        },
    )


def _accuracies(store: Store, records: Iterable[RunRecord]) -> dict[int, EndAccuracies]:
    ids = [record.id for record in records if record.state == "complete"]
    return end_accuracies(store, ids, "validation")


def _setting(spec: RunSpec) -> _Setting:
    return spec.data, spec.model, spec.protocol.scoring()


def _recorded(store: Store, setting: _Setting, found: Sequence[EntryRecord]) -> Recorded:
    data, model, protocol = setting
    return Recorded(
        data=data,
        model=model,
        protocol=protocol,
        sequences=tuple(dict.fromkeys(item.run.spec.sequence for item in found)),
        entrants=tuple(recorded_entrant(name) for name in dict.fromkeys(e.entrant for e in found)),
        results=Results(cells=_cells(store, found)),
    )


def _cells(
    store: Store, found: Sequence[EntryRecord]
) -> dict[tuple[str, tuple[str, ...]], CellRuns]:
    accuracies = _accuracies(store, [item.run for item in found])
    cells: dict[tuple[str, tuple[str, ...]], list[EntryRecord]] = {}
    for item in found:
        name = recorded_entrant(item.entrant).name
        cells.setdefault((name, item.run.spec.sequence), []).append(item)
    made: dict[tuple[str, tuple[str, ...]], CellRuns] = {}
    for key, items in cells.items():
        runs = _one_per_seed(_newest(items))
        made[key] = cell_runs(items[-1].source, runs, len(runs), accuracies)
    return made


def _newest(items: Sequence[EntryRecord]) -> list[RunRecord]:
    """Return the runs with the rates that were entered last: others are not the same row."""
    last = _rates(items[-1].run.spec)
    return [item.run for item in items if _rates(item.run.spec) == last]


def _rates(spec: RunSpec) -> tuple[object, ...]:
    return spec.method, spec.learning_rates, spec.first_lr, tuple(sorted(spec.options.items()))


def _one_per_seed(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """Return a run of each seed: the complete one, else the last."""
    found: dict[int, RunRecord] = {}
    for run in runs:
        known = found.get(run.spec.seed)
        if known is None or known.state != "complete":
            found[run.spec.seed] = run
    return list(found.values())
