"""Which runs a table needs: those that are there, those on their way, and the missing ones."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.arena.entrants import Entrant
from engine.arena.rates import NoRates, Rates, Setting, find_rates
from engine.spec import Protocol, RunSpec, Source, sequence_name
from engine.spec.methods import OptionValue, read_options
from engine.store.connection import Store
from engine.store.entries import runs_on
from engine.store.finished import searches
from engine.store.runs import RunRecord
from engine.store.states import UNFINISHED


class Wanted(Struct, frozen=True, kw_only=True):
    """The table that is asked for."""

    sequences: tuple[tuple[str, ...], ...]
    entrants: tuple[Entrant, ...]
    seeds: tuple[int, ...]
    data: str
    model: str
    protocol: Protocol
    device: str = "auto"


class WantedRun(Struct, frozen=True, kw_only=True):
    """One run of a cell, whether it is there or not."""

    entrant: Entrant
    spec: RunSpec
    source: Source
    record: RunRecord | None
    """The run of that very spec, on whatever device; None: nobody asked for it yet."""

    @property
    def state(self) -> str:
        return "missing" if self.record is None else self.record.state


class Unfilled(Struct, frozen=True, kw_only=True):
    """A cell that cannot be filled."""

    entrant: Entrant
    sequence: tuple[str, ...]
    reason: str


class Plan(Struct, frozen=True, kw_only=True):
    """Every run that a table needs."""

    wanted: Wanted
    runs: tuple[WantedRun, ...]
    """One seed after the other, and in each one column after the other."""
    unfilled: tuple[Unfilled, ...]

    def of(self, *states: str) -> tuple[WantedRun, ...]:
        """Return the runs in these states; ``missing`` is one too."""
        return tuple(run for run in self.runs if run.state in states)

    @property
    def unfinished(self) -> tuple[WantedRun, ...]:
        return self.of("missing", *UNFINISHED)


def find_record(store: Store, spec: RunSpec) -> RunRecord | None:
    """Return the run of that very spec, on whatever device; None: nobody asked for it yet."""
    return by_spec(runs_on(store, sequence_name(spec.sequence))).get(spec_key(spec))


def make_plan(store: Store, wanted: Wanted) -> Plan:
    """Work out which runs a table needs, with the rates that the store's searches give.

    Raises:
        UsageError: a profile's file cannot be read, or the backbone's depth is not known here.
    """
    setting = Setting(
        data=wanted.data,
        model=wanted.model,
        protocol=wanted.protocol,
        searches=tuple(searches(store, wanted.model, wanted.protocol)),
    )
    runs: list[WantedRun] = []
    unfilled: list[Unfilled] = []
    for sequence in wanted.sequences:
        known = by_spec(runs_on(store, sequence_name(sequence)))
        for entrant in wanted.entrants:
            rates = find_rates(entrant, sequence, setting)
            if isinstance(rates, NoRates):
                reason = rates.reason
                unfilled.append(Unfilled(entrant=entrant, sequence=sequence, reason=reason))
                continue
            runs += [
                WantedRun(
                    entrant=entrant,
                    spec=spec,
                    source=rates.source,
                    record=known.get(spec_key(spec)),
                )
                for spec in _specs(wanted, entrant, sequence, rates)
            ]
    return Plan(wanted=wanted, runs=tuple(_in_order(runs, wanted)), unfilled=tuple(unfilled))


def _specs(
    wanted: Wanted, entrant: Entrant, sequence: tuple[str, ...], rates: Rates
) -> Iterator[RunSpec]:
    given: dict[str, OptionValue] = {**entrant.options, **rates.options}
    carried = rates.learning_rates is not None
    options = read_options(entrant.method, given, has_profile=carried)
    for seed in wanted.seeds:
        yield RunSpec(
            sequence=sequence,
            data=wanted.data,
            model=wanted.model,
            method=entrant.method,
            options=options,
            learning_rates=rates.learning_rates,
            protocol=wanted.protocol,
            seed=seed,
            device=wanted.device,
        )


def _in_order(runs: Sequence[WantedRun], wanted: Wanted) -> list[WantedRun]:
    """Put the runs of a column together.

    Runs that begin alike stand in different columns or rows. Side by side, two workers would learn
    their first stage at once; a column later it is there to be taken over.
    """
    column = {sequence: place for place, sequence in enumerate(wanted.sequences)}
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
    """Return what two runs have in common that do the same: everything but where they do it."""
    return msgspec.json.encode(replace(spec, device="auto"), order="deterministic")
