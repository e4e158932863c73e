"""A table that is asked for, and filling it: missing runs are queued as far as rates are known.

May block.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.options import build_study_spec
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.starting import refuse_bad_store
from bertcl_tui.style.wording import count
from engine.arena.entrants import parse_entrants
from engine.arena.layouts import FREE, Layout, free_layout, paper_layout
from engine.arena.measuring import P_O_P_S, measure_of
from engine.arena.plan import (
    PlannedRun,
    TableSpec,
    UnfilledCell,
    arena_seeds,
    make_plan,
    needed_searches,
)
from engine.arena.rates import searched_method
from engine.arena.recorded import Recorded, recorded
from engine.errors import UsageError
from engine.spec import StudySpec, parse_sequence, sequence_name
from engine.store.connection import Store, is_made, open_store
from engine.store.states import UNFINISHED
from engine.tasks.catalog import describe_sequence
from engine.work.ask import check_search
from engine.work.requests import ask_for_searches, enter_runs


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


_LOOK_SECONDS: Final = 0.5
_ENDED: Final = frozenset({"complete", "stopped"})


class Launched(Struct, frozen=True, kw_only=True):
    """What came of a request for now."""

    runs: int
    """How many are new."""
    there: int
    """How many of the table's runs are complete."""
    searches: tuple[int, ...]
    """The studies that must end before the other rows can be asked for."""
    waiting: tuple[str, ...]
    """The titles of these rows."""
    unfilled: tuple[UnfilledCell, ...]
    """Cells for which there are no rates."""


def launch(
    store: str, request: TableRequest, *, before_writing: Callable[[], None] = lambda: None
) -> Launched:
    """Ask for everything a table lacks that can be asked for now.

    Rows whose rates are searched come when all searches are over: call it again then. What is
    asked for already is not asked for again.

    Args:
        store: where it is asked for.
        request: the table.
        before_writing: called when something has been checked and is about to be written; what it
            raises leaves that out, and the rest.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had.
        EngineError: the store cannot be written.
    """
    refuse_what_cannot_be(store, request)
    with closing(open_store(store)) as opened:
        return _launch(opened, request, before_writing)


def go_on(
    reader: Reader, request: TableRequest, launched: Launched, stopped: Callable[[], bool]
) -> Iterator[Launched]:
    """Wait for the searches of a table, and ask for the next things each time they are over.

    A search that is paused is waited for.

    Args:
        reader: of the store.
        request: the table.
        launched: what was asked for by now.
        stopped: whether to wait no longer.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had any more.
        EngineError: the store cannot be read or written.
    """
    while launched.waiting:
        while not _over(reader, launched.searches):
            if stopped():
                return
            time.sleep(_LOOK_SECONDS)
        launched = launch(reader.store, request)
        yield launched


def describe(launched: Launched) -> str:
    """Say in a sentence or two what came of a request."""
    parts = [f"{count(launched.runs, 'run')} queued" if launched.runs else "No new run"]
    if launched.waiting:
        searches = count(len(launched.searches), "search", "searches")
        parts.append(f"{', '.join(launched.waiting)} when {searches} ended")
    said = "; ".join(parts) + "."
    without = dict.fromkeys(f" {item.entrant.title}: {item.reason}." for item in launched.unfilled)
    return said + "".join(without)


def _over(reader: Reader, study_ids: Sequence[int]) -> bool:
    """Whether none of these searches will go on; one that was deleted will not."""
    rows = (reader.study(study_id) for study_id in study_ids)
    return all(row is None or row.state in _ENDED for row in rows)


def refuse_what_cannot_be(store: str, request: TableRequest) -> None:
    """Find out before a store is made whether there will be anything to put into it.

    Raises:
        UsageError: something is not to be had.
        EngineError: the store is not ours, cannot be read, or cannot be made.
    """
    refuse_bad_store(store)
    if not is_made(store):
        check_search(request.asked)


def retry(store: str, item: Recorded, layout: Layout) -> int:
    """Ask once more for the runs of a table that ended without a result by now; return how many.

    Args:
        store: where the runs are.
        item: what was recorded in that setting, when it was last looked at.
        layout: of the table.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had.
        EngineError: the store cannot be written.
    """
    with closing(open_store(store, create=False)) as opened:
        now = (each for each in recorded(opened) if each.setting == item.setting)
        failed = [run for each in now for run in failed_runs(each, layout)]
        return enter_runs(opened, failed, retry=True)


def failed_runs(item: Recorded, layout: Layout) -> list[PlannedRun]:
    """Return the runs of a table that ended without a result."""
    cells = (
        (entrant, item.results.cells.get((entrant.name, sequence)))
        for entrant in layout.entrants
        for sequence in layout.sequences
    )
    return [
        PlannedRun(entrant=entrant, spec=run.spec, source=found.source, record=run)
        for entrant, found in cells
        if found is not None
        for run in found.runs
        if run.state not in ("complete", *UNFINISHED)
    ]


def _launch(store: Store, request: TableRequest, before_writing: Callable[[], None]) -> Launched:
    table = request.table
    needed = needed_searches(store, table, request.searched)
    searches: list[int] = []
    waiting: tuple[str, ...] = ()
    if not all(need.met for need in needed):
        searches = ask_for_searches(store, needed, request.like, before_writing=before_writing)
        searched = [entrant for entrant in table.entrants if searched_method(entrant)]
        waiting = tuple(entrant.title for entrant in searched)
        others = tuple(entrant for entrant in table.entrants if entrant not in searched)
        table = replace(table, entrants=others)
    plan = make_plan(store, table)
    return Launched(
        runs=enter_runs(store, plan.runs, before_writing=before_writing),
        there=len(plan.of("complete")),
        searches=tuple(searches),
        waiting=waiting,
        unfilled=plan.unfilled,
    )
