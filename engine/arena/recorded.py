"""Everything that a store's arena has recorded."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine.arena.declared import DeclaredPlan, declarations, declared_plans, plans_of
from engine.arena.entrants import Entrant, recorded_entrant
from engine.arena.headline import Declarations
from engine.arena.results import CellRuns, Results, cell_runs, found_of
from engine.spec import Protocol, RunSpec, StudySpec
from engine.store.connection import Store
from engine.store.runs import EntryRecord, RunRecord, entries

Setting = tuple[str, str, Protocol]
"""Data, model and protocol, as it scores: what runs must share to stand in one table."""


class Recorded(Struct, frozen=True, kw_only=True):
    """What was run on one model by runs that score alike: only these may stand in one table."""

    data: str
    model: str
    protocol: Protocol
    sequences: tuple[tuple[str, ...], ...]
    """In the order in which they were first asked for, as the entrants are."""
    entrants: tuple[Entrant, ...]
    results: Results
    declared: Declarations = {}
    """Which comparisons were declared before they were run."""

    @property
    def setting(self) -> Setting:
        """Under which it was run."""
        return self.data, self.model, self.protocol


def setting_of(spec: RunSpec | StudySpec) -> Setting:
    """Return the setting in which a run stands, however closely it is followed."""
    return spec.data, spec.model, spec.protocol.scoring()


def recorded(store: Store) -> tuple[Recorded, ...]:
    """Return what the arena has recorded, the setting that was asked for first at the top."""
    found = entries(store)
    plans = declared_plans(store)
    settings = dict.fromkeys(setting_of(item.run.spec) for item in found)
    return tuple(
        _recorded(
            store, setting, [item for item in found if setting_of(item.run.spec) == setting], plans
        )
        for setting in settings
    )


def _recorded(
    store: Store, setting: Setting, found: Sequence[EntryRecord], plans: Sequence[DeclaredPlan]
) -> Recorded:
    data, model, protocol = setting
    results = Results(cells=_cells(store, found))
    return Recorded(
        data=data,
        model=model,
        protocol=protocol,
        sequences=tuple(dict.fromkeys(item.run.spec.sequence for item in found)),
        entrants=tuple(recorded_entrant(name) for name in dict.fromkeys(e.entrant for e in found)),
        results=results,
        declared=declarations(plans_of(plans, data, model, protocol), results),
    )


def _cells(
    store: Store, found: Sequence[EntryRecord]
) -> dict[tuple[str, tuple[str, ...]], CellRuns]:
    measured = found_of(store, [item.run for item in found])
    cells: dict[tuple[str, tuple[str, ...]], list[EntryRecord]] = {}
    for item in found:
        name = recorded_entrant(item.entrant).name
        cells.setdefault((name, item.run.spec.sequence), []).append(item)
    made: dict[tuple[str, tuple[str, ...]], CellRuns] = {}
    for key, items in cells.items():
        runs = _one_per_seed(_newest(items))
        made[key] = cell_runs(items[-1].source, runs, len(runs), measured)
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
