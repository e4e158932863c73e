"""What is asked for in texts, as a table and the runs that fill it."""

from collections.abc import Mapping

from msgspec.structs import replace

from bertcl_tui.options import build_study_spec
from engine.arena.entrants import parse_entrants
from engine.arena.layouts import FREE, Layout, free_layout, paper_layout
from engine.arena.measuring import P_O_P_S, measure_of
from engine.arena.seeds import FIRST_SEED, arena_seeds
from engine.arena.wanted import Wanted
from engine.errors import UsageError
from engine.spec import StudySpec, parse_sequence, sequence_name
from engine.tasks.catalog import describe_sequence


def asked_layout(name: str, sequences: str, methods: str, measure: str, lr: float) -> Layout:
    """Return the table that was asked for; without rows or columns where none were named.

    Raises:
        UsageError: there is no such layout, measure, method or sequence.
    """
    entrants = parse_entrants(methods, lr) if methods else ()
    if name == FREE:
        chosen = measure_of(measure) if measure else P_O_P_S
        return free_layout(read_sequences(sequences), entrants, chosen)
    if sequences:
        raise UsageError(f"layout {name} has its own sequences; leave --sequences away")
    layout = paper_layout(name, lr)
    if measure:
        layout = replace(layout, measure=measure_of(measure), paper={})
    return replace(layout, entrants=entrants or layout.entrants)


def read_sequences(text: str) -> tuple[tuple[str, ...], ...]:
    """Read sequences with commas between them.

    Raises:
        UsageError: one of them is none.
    """
    parts = filter(None, (part.strip() for part in text.split(",")))
    return tuple(dict.fromkeys(map(parse_sequence, parts)))


def asked_study(texts: Mapping[str, str], layout: Layout) -> StudySpec:
    """Return a search on the first column; what else is learnt differs in tasks and rates only.

    Args:
        texts: what was typed of data, model and protocol, by option name; empty: the default.
        layout: the table, with a column at least.

    Raises:
        UsageError: an option cannot be read, or a task is unknown.
    """
    asked = build_study_spec({**texts, "sequence": sequence_name(layout.sequences[0])})
    for sequence in layout.sequences:
        describe_sequence(sequence, asked.data)
    return asked


def wanted_runs(asked: StudySpec, layout: Layout, seeds: int) -> Wanted:
    """Return the runs that fill the table: the same seeds in every cell."""
    return Wanted(
        sequences=layout.sequences,
        entrants=layout.entrants,
        seeds=arena_seeds(seeds, FIRST_SEED + asked.seed),
        data=asked.data,
        model=asked.model,
        protocol=asked.protocol,
        device=asked.device,
    )
