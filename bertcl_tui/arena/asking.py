"""From texts to the table that is asked for, and the runs that fill it."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.options import build_study_spec
from engine.arena.entrants import parse_entrants
from engine.arena.layouts import FREE, Layout, free_layout, paper_layout
from engine.arena.measuring import P_O_P_S, measure_of
from engine.arena.plan import TableSpec, arena_seeds
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


class TableRequest(Struct, frozen=True, kw_only=True):
    """A table that is to be filled."""

    layout: Layout
    """With a row and a column at least."""
    asked: StudySpec
    """A search on the first column; what else is learnt differs in tasks and rates only."""
    seeds: int
    """How many runs make a cell."""
    budget: int | None = None
    """Trials of each search for a profile; None: nothing is searched."""
    places: tuple[tuple[str, ...], ...] = ()
    """Sequences to search on; empty: those of the layout."""

    @property
    def table(self) -> TableSpec:
        """The runs that fill the table: the same seeds in every cell."""
        return TableSpec(
            sequences=self.layout.sequences,
            entrants=self.layout.entrants,
            seeds=arena_seeds(self.seeds, self.asked.seed),
            data=self.asked.data,
            model=self.asked.model,
            protocol=self.asked.protocol,
            device=self.asked.device,
        )

    @property
    def searched(self) -> tuple[tuple[str, ...], ...]:
        """The sequences to search on, if anything is to be searched."""
        if self.budget is None:
            return ()
        return self.places or self.layout.searched_sequences

    @property
    def like(self) -> StudySpec:
        """The search that all searches for this table are like."""
        search = self.asked.search
        return replace(self.asked, search=replace(search, trials=self.budget or search.trials))


def make_request(
    layout: Layout,
    texts: Mapping[str, str],
    *,
    seeds: int,
    budget: int | None = None,
    search_on: str = "",
) -> TableRequest:
    """Return what is to be run.

    Args:
        layout: the table.
        texts: what was typed of data, model and protocol, by option name; empty: the default.
        seeds: how many runs make a cell.
        budget: trials of each search for a profile; None: nothing is searched.
        search_on: sequences to search on, in a text.

    Raises:
        UsageError: there is no row or no column, an option cannot be read, or a task is unknown.
    """
    if not layout.columns or not layout.entrants:
        raise UsageError(
            "no table yet; name --sequences a:b,c:d and --methods flat,combined, or --layout table2"
        )
    asked = build_study_spec({**texts, "sequence": sequence_name(layout.sequences[0])})
    places = read_sequences(search_on)
    for sequence in (*layout.sequences, *places):
        describe_sequence(sequence, asked.data)
    return TableRequest(layout=layout, asked=asked, seeds=seeds, budget=budget, places=places)
