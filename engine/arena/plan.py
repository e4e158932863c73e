"""The plan of a table: its runs, and the searches that its rows have their rates from.

Those that are there, those on their way, and the missing ones.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.arena.entrants import FLAT_FIRST, Entrant
from engine.arena.rates import (
    NoRates,
    Rates,
    Setting,
    find_rates,
    first_task_trials,
    searched_method,
    searched_stages,
)
from engine.spec import Protocol, RunSpec, Source, derived_seed, sequence_name
from engine.spec.methods import OptionValue, read_options
from engine.spec.run import SearchedMethod
from engine.spec.search import Stages
from engine.store.connection import Store
from engine.store.runs import RunRecord, runs_on
from engine.store.searches import SearchRecord, searches
from engine.store.states import UNFINISHED

_KINDS: Final[tuple[tuple[SearchedMethod, Stages], ...]] = (
    ("profile", "all"),
    ("profile", "later"),
    ("flat", "all"),
    ("llrd", "all"),
    ("flat", "later"),
)


class TableSpec(Struct, frozen=True, kw_only=True):
    """The table that is asked for."""

    sequences: tuple[tuple[str, ...], ...]
    entrants: tuple[Entrant, ...]
    seeds: tuple[int, ...]
    data: str
    model: str
    protocol: Protocol
    device: str = "auto"


class WantedRun(Struct, frozen=True, kw_only=True):
    """A run that is asked for, whether it is there or not."""

    spec: RunSpec
    record: RunRecord | None
    """The run of that very spec, on whatever device; None: nobody asked for it yet."""

    @property
    def state(self) -> str:
        return "missing" if self.record is None else self.record.state


class PlannedRun(WantedRun, frozen=True, kw_only=True):
    """One run of a cell."""

    entrant: Entrant
    source: Source


class UnfilledCell(Struct, frozen=True, kw_only=True):
    """A cell that cannot be filled."""

    entrant: Entrant
    sequence: tuple[str, ...]
    reason: str


class Plan(Struct, frozen=True, kw_only=True):
    """Every run that a table needs."""

    table: TableSpec
    runs: tuple[PlannedRun, ...]
    """One seed after the other, and in each one column after the other."""
    unfilled: tuple[UnfilledCell, ...]

    def of(self, *states: str) -> tuple[PlannedRun, ...]:
        """Return the runs in these states; ``missing`` is one too."""
        return tuple(run for run in self.runs if run.state in states)

    @property
    def unfinished(self) -> tuple[PlannedRun, ...]:
        return self.of("missing", *UNFINISHED)


class NeededSearch(Struct, frozen=True, kw_only=True):
    """A search on a sequence that some row is to have its rates from."""

    method: SearchedMethod
    sequence: tuple[str, ...]
    stages: Stages = "all"
    """Those that the rates are for."""
    found: SearchRecord | None = None
    """The search that is there, over or not; None: nobody asked for it yet."""
    yardstick: SearchRecord | None = None
    """The search for a profile whose epochs this one may take."""
    waits: bool = False
    """Whether its yardstick is not over yet, so that nobody knows how much it may take."""

    @property
    def met(self) -> bool:
        return self.found is not None and self.found.over


def arena_seeds(count: int, seed: int = 0) -> tuple[int, ...]:
    """Return the seeds of a cell's runs, the same in every cell, so that rows pair up."""
    return tuple(derived_seed("arena", seed, index) for index in range(count))


def find_record(store: Store, spec: RunSpec) -> RunRecord | None:
    """Return the run of that very spec, on whatever device; None: nobody asked for it yet."""
    return by_spec(runs_on(store, sequence_name(spec.sequence))).get(spec_key(spec))


def make_plan(store: Store, table: TableSpec) -> Plan:
    """Work out which runs a table needs, with the rates that the store's searches give.

    Raises:
        UsageError: a profile's file cannot be read, or the backbone's depth is not known here.
    """
    found = tuple(searches(store, table.model, table.protocol))
    by_first_task = any(entrant.rates == FLAT_FIRST for entrant in table.entrants)
    setting = Setting(
        data=table.data,
        model=table.model,
        protocol=table.protocol,
        searches=found,
        first_tasks=first_task_trials(store, found, table.data) if by_first_task else (),
    )
    runs: list[PlannedRun] = []
    unfilled: list[UnfilledCell] = []
    for sequence in table.sequences:
        known = by_spec(runs_on(store, sequence_name(sequence)))
        for entrant in table.entrants:
            rates = find_rates(entrant, sequence, setting)
            if isinstance(rates, NoRates):
                reason = rates.reason
                unfilled.append(UnfilledCell(entrant=entrant, sequence=sequence, reason=reason))
                continue
            runs += [
                PlannedRun(
                    entrant=entrant,
                    spec=spec,
                    source=rates.source,
                    record=known.get(spec_key(spec)),
                )
                for spec in _specs(table, entrant, sequence, rates)
            ]
    return Plan(table=table, runs=tuple(_in_order(runs, table)), unfilled=tuple(unfilled))


def needed_searches(
    store: Store, table: TableSpec, sequences: Sequence[tuple[str, ...]]
) -> tuple[NeededSearch, ...]:
    """Return the searches that a table's rows need on these sequences, profiles first.

    Searches for one rate, or for one with a decay, may take what the search for a profile of the
    same stages on the same sequence took, where the table has a row of such profiles.
    """
    there = searches(store, table.model, table.protocol)
    kinds = {(searched_method(entrant), searched_stages(entrant)) for entrant in table.entrants}

    def find(
        method: SearchedMethod, sequence: tuple[str, ...], stages: Stages = "all"
    ) -> SearchRecord | None:
        alike = [
            item
            for item in there
            if item.study.spec.method == method
            and item.study.spec.search.searched_stages == stages
            and item.study.spec.sequence == sequence
            and item.study.spec.data == table.data
        ]
        return next((item for item in alike if item.over), alike[-1] if alike else None)

    searches_needed: list[NeededSearch] = []
    for method, stages in _KINDS:
        for sequence in sequences if (method, stages) in kinds else ():
            profile = find("profile", sequence, stages) if method != "profile" else None
            begun = profile is not None or ("profile", stages) in kinds
            waits = method != "profile" and begun and not (profile and profile.over)
            searches_needed.append(
                NeededSearch(
                    method=method,
                    sequence=sequence,
                    stages=stages,
                    found=find(method, sequence, stages),
                    yardstick=profile,
                    waits=waits,
                )
            )
    return tuple(searches_needed)


def _specs(
    table: TableSpec, entrant: Entrant, sequence: tuple[str, ...], rates: Rates
) -> Iterator[RunSpec]:
    given: dict[str, OptionValue] = {**entrant.options, **rates.options}
    carried = rates.learning_rates is not None
    options = read_options(entrant.method, given, has_profile=carried)
    for seed in table.seeds:
        yield RunSpec(
            sequence=sequence,
            data=table.data,
            model=table.model,
            method=entrant.method,
            options=options,
            learning_rates=rates.learning_rates,
            first_lr=rates.first_lr,
            protocol=table.protocol,
            seed=seed,
            device=table.device,
        )


def _in_order(runs: Sequence[PlannedRun], table: TableSpec) -> list[PlannedRun]:
    """Put the runs of a column together.

    Runs that begin alike stand in different columns or rows. Side by side, two workers would learn
    their first stage at once; a column later it is there to be taken over.
    """
    column = {sequence: place for place, sequence in enumerate(table.sequences)}
    return sorted(runs, key=lambda run: (run.spec.seed, column[run.spec.sequence]))


def by_spec(records: Sequence[RunRecord]) -> dict[bytes, RunRecord]:
    """Return the best run of each spec: a complete one, else one on its way, else the last."""
    found: dict[bytes, RunRecord] = {}
    for record in records:
        key = spec_key(record.spec)
        if key not in found or _worth(record) >= _worth(found[key]):
            found[key] = record
    return found


def _worth(record: RunRecord) -> int:
    if record.state == "complete":
        return 2
    return int(record.state in UNFINISHED)


def spec_key(spec: RunSpec) -> bytes:
    """Return what two runs that score alike have in common: not where, nor how closely followed."""
    alike = replace(spec, device="auto", protocol=spec.protocol.scoring())
    return msgspec.json.encode(alike, order="deterministic")
