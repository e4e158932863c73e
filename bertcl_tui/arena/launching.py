"""Filling a table: missing runs are queued as far as their rates are known. May block."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bertcl_tui.arena.asking import TableRequest
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.starting import refuse_bad_store
from bertcl_tui.style.wording import count
from engine.arena.layouts import Layout
from engine.arena.plan import PlannedRun, UnfilledCell, make_plan, needed_searches
from engine.arena.rates import searched_method
from engine.arena.results import Recorded
from engine.store.connection import Store, is_made, open_store
from engine.store.states import UNFINISHED
from engine.work.ask import check_search
from engine.work.requests import ask_for_searches, enter_runs

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
    """Ask once more for the runs of a table that ended without a result; return how many.

    Raises:
        UsageError: a task, the model, the data or the device is not to be had.
        EngineError: the store cannot be written.
    """
    with closing(open_store(store, create=False)) as opened:
        return enter_runs(opened, failed_runs(item, layout), retry=True)


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
