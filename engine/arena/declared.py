"""What was declared before it was run: the plan of a comparison, and which results it covers."""

import tomllib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from engine.arena.entrants import headline_reference, parse_entrant, recorded_entrant
from engine.arena.headline import Declarations, Declared
from engine.arena.plan import TableSpec
from engine.arena.results import Results
from engine.errors import UsageError, reason_of, shown
from engine.spec import Protocol, parse_sequence
from engine.store.connection import Store
from engine.store.plans import PlanRecord, declare, plans

_SHOWN: Final = 12
"""Characters of a digest by which people tell plans apart."""


class Primary(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one comparison that answers the question."""

    method: str
    against: str = ""
    """Empty: tuned flat, else the first flat row."""


class PlanFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as it is written, in TOML."""

    sequences: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: int
    primary: Primary
    question: str = ""
    budget: int | None = None
    search_on: tuple[str, ...] = ()
    setting: dict[str, str | int | float | bool] = {}
    """Data, model, rows and whatever else a run is asked for with, by option name."""


class WrittenPlan(Struct, frozen=True, kw_only=True):
    """A plan's file, and what it says."""

    text: str
    file: PlanFile

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()


class DeclaredPlan(Struct, frozen=True, kw_only=True):
    """What a plan comes to: these runs, and this comparison of them."""

    question: str
    sequences: tuple[tuple[str, ...], ...]
    entrants: tuple[str, ...]
    seeds: tuple[int, ...]
    data: str
    model: str
    protocol: Protocol
    primary: str
    digest: str = ""
    declared_at: float = 0.0
    """In seconds since 1970."""

    @property
    def name(self) -> str:
        """By what people tell it from others."""
        return self.digest[:_SHOWN]


def read_plan(path: Path) -> WrittenPlan:
    """Read a plan.

    Raises:
        UsageError: the file cannot be read, or is no plan.
    """
    try:
        text = path.read_bytes().decode()
        file = msgspec.convert(tomllib.loads(text), PlanFile)
    except OSError as error:
        raise UsageError(f"plan {shown(path)} cannot be read: {reason_of(error)}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"plan {shown(path)} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise UsageError(f"plan {shown(path)}: {_in_toml(str(error))}") from error
    _check(file, path)
    return WrittenPlan(text=text, file=file)


def _in_toml(reason: str) -> str:
    """Say what is wrong by the names that stand in the file."""
    return reason.replace("Object", "the plan").replace("`$.", "`").replace("`", "'")


def _check(file: PlanFile, path: Path) -> None:
    entrants = [parse_entrant(method) for method in file.methods]
    for sequence in (*file.sequences, *file.search_on):
        parse_sequence(sequence)
    if not entrants or not file.sequences or file.seeds < 1:
        raise UsageError(f"plan {shown(path)} has no methods, no sequences or no seeds; name some")
    reference, primary = headline_reference(entrants), parse_entrant(file.primary.method)
    if primary not in entrants:
        raise UsageError(
            f"plan {shown(path)}: its primary method '{shown(file.primary.method)}' is none of its "
            "methods; name one of them"
        )
    against = parse_entrant(file.primary.against) if file.primary.against else reference
    if against != reference or primary == reference:
        raise UsageError(
            f"plan {shown(path)}: its primary comparison must be of another method against "
            f"{reference.name}, which its rows are compared with"
        )


def declare_plan(store: Store, written: WrittenPlan, table: TableSpec) -> DeclaredPlan:
    """Keep a plan in the store before anything of it is run; the same plan again changes nothing.

    Args:
        store: where it is kept.
        written: its file.
        table: what it comes to.
    """
    plan = DeclaredPlan(
        question=written.file.question,
        sequences=table.sequences,
        entrants=tuple(entrant.name for entrant in table.entrants),
        seeds=table.seeds,
        data=table.data,
        model=table.model,
        protocol=table.protocol,
        primary=parse_entrant(written.file.primary.method).name,
    )
    spec = msgspec.json.encode(plan).decode()
    return _declared(declare(store, written.digest, written.text, spec))


def declared_plans(store: Store) -> tuple[DeclaredPlan, ...]:
    """Return every plan of a store, the one that was declared first at the top."""
    return tuple(map(_declared, plans(store)))


def _declared(record: PlanRecord) -> DeclaredPlan:
    plan = msgspec.json.decode(record.spec, type=DeclaredPlan)
    return msgspec.structs.replace(plan, digest=record.digest, declared_at=record.declared_at)


def plans_of(
    found: Sequence[DeclaredPlan], data: str, model: str, protocol: Protocol
) -> tuple[DeclaredPlan, ...]:
    """Return the plans of runs that score like those of a setting."""
    return tuple(
        plan
        for plan in found
        if (plan.data, plan.model, plan.protocol.scoring()) == (data, model, protocol.scoring())
    )


def declarations(plans: Sequence[DeclaredPlan], results: Results) -> Declarations:
    """Return which comparisons were declared before they were run.

    A row is covered by the first plan that names it and all of whose runs, its own and those of the
    row that it is compared with, were asked for after the plan was kept.

    Args:
        plans: of these runs, the one that was declared first at the top.
        results: what the runs came to.
    """
    found: dict[tuple[str, str], Declared] = {}
    for plan in plans:
        reference = headline_reference([recorded_entrant(name) for name in plan.entrants])
        for name in plan.entrants:
            both = name, reference.name
            if both not in found and _is_covered(plan, both, results):
                found[both] = Declared(
                    standing="primary" if name == plan.primary else "planned",
                    plan=plan.name,
                    question=plan.question,
                    sequences=plan.sequences,
                    seeds=plan.seeds,
                    missing=sum(_missing(plan, each, results) for each in {*both}),
                )
    return found


def _is_covered(plan: DeclaredPlan, names: Sequence[str], results: Results) -> bool:
    runs = [
        run
        for name in names
        for sequence in plan.sequences
        if (name, sequence) in results.cells
        for run in results.cells[name, sequence].runs
        if run.spec.seed in plan.seeds
    ]
    return bool(runs) and all(run.created_at >= plan.declared_at for run in runs)


def _missing(plan: DeclaredPlan, name: str, results: Results) -> int:
    """Return how many runs of a row its plan still lacks."""
    there = sum(
        len(results.cells[name, sequence].accuracies.keys() & set(plan.seeds))
        for sequence in plan.sequences
        if (name, sequence) in results.cells
    )
    return len(plan.sequences) * len(plan.seeds) - there
