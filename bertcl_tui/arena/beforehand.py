"""Before a table is run: which difference it will show, and how long it takes."""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from typing import Final

from msgspec.structs import replace
from rich.table import Table as Drawn
from rich.text import Text

from bertcl_tui.arena.launching import TableRequest
from bertcl_tui.style.wording import count, duration, roughly
from engine.arena import legend
from engine.arena.pace import estimate, study_seconds
from engine.arena.plan import TableSpec, make_plan, needed_searches
from engine.arena.power import (
    FEWEST_TOLD,
    POWER,
    SEQUENCES,
    SEQUENCES_AND_ROWS,
    Design,
    Dial,
    Way,
    make_dial,
    shown_difference,
)
from engine.arena.recorded import Recorded, recorded
from engine.arena.tables import describe_setting
from engine.errors import UsageError
from engine.spec import RunSpec
from engine.store.connection import Store, is_made, open_store
from engine.store.timing import timed_runs
from engine.tasks.facts import FactsQuestion, TaskFacts, known_facts
from engine.work.processes import identity_of
from engine.work.supervisor import expected_workers

_HOUR: Final = 3600.0
_AVERAGED: Final = {
    SEQUENCES: "less with more sequences alone",
    SEQUENCES_AND_ROWS: "less with more sequences; the score tells nothing of rows",
    "seeds (heads, order)": "less with more seeds, or more sequences",
    "rows, at most": "less with more rows, or more sequences",
    "search": "less with nothing but more trials, or searches that are combined",
}
_NEEDED: Final = (
    f"Sequences that show a difference in {POWER:.0%} of all cases, two-sided at .05 (with more "
    "rows at best), and how long both methods' runs on them take"
)
_UNKNOWN: Final = "not known: no search was repeated on a sequence"


def dials_of(store: Store, found: Sequence[Recorded]) -> list[tuple[str, Dial]]:
    """Return what each setting says of comparisons to come, as far as it says anything.

    Raises:
        UsageError: none does.
    """
    dials: list[tuple[str, Dial]] = []
    trouble: UsageError | None = None
    for item in found:
        try:
            setting = describe_setting(item.data, item.model, item.protocol)
            dials.append((setting, make_dial(store, item)))
        except UsageError as error:
            trouble = error
    if not dials:
        raise trouble or UsageError("the store has no run of the arena; run a few as a pilot")
    return dials


def draw_spread(dial: Dial) -> Drawn:
    """Draw where the spread comes from."""
    drawn = Drawn(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    drawn.add_column("", no_wrap=True)
    drawn.add_column("sd", justify="right", no_wrap=True)
    drawn.add_column("", style="dim", no_wrap=True)
    for name, deviation in dial.spread.shares.items():
        told = legend.NOTHING if deviation is None else f"{deviation:.4f}"
        drawn.add_row(name, told, _UNKNOWN if deviation is None else _AVERAGED[name])
    return drawn


def draw_ways(dial: Dial) -> Drawn:
    """Draw how many sequences show which difference, with how many seeds and rows."""
    drawn = Drawn(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    drawn.add_column("difference", justify="right", no_wrap=True)
    drawn.add_column("rows", justify="right", no_wrap=True)
    for seeds in dict.fromkeys(way.seeds for way in dial.ways):
        drawn.add_column(count(seeds, "seed"), justify="right", no_wrap=True)
    for (difference, rows), ways in groupby(dial.ways, key=lambda way: (way.difference, way.rows)):
        cells = [_way(way) for way in ways]
        drawn.add_row(legend.signed(difference), f"{rows:,}" if rows else legend.NOTHING, *cells)
    return drawn


def _way(way: Way) -> Text:
    if way.design is None:
        return Text(legend.NOTHING, style="dim")
    text = Text(f"{way.design.sequences:,}")
    if way.hours is not None:
        text.append(f"  {duration(way.hours * _HOUR)}", style="dim")
    return text


def lines_of(dial: Dial) -> tuple[str, str]:
    """Say what was recorded, and what stands in the second table."""
    spread, pace = dial.spread, dial.pace
    seeds = max(1, round(spread.seeds))
    design = (
        f"{count(spread.sequences, 'sequence')} × {count(seeds, 'seed')} × {spread.measured:,} rows"
    )
    measured = (
        f"one run took {duration(pace.seconds)} here, {pace.at_once:.1f} at once"
        if pace.runs
        else "how long a run takes was not measured"
    )
    return (
        f"What was run, {design}, {shows(dial.shown)}.",
        f"{_NEEDED} ({measured}):",
    )


def shows(difference: float) -> str:
    """Say what a design shows."""
    if math.isinf(difference):
        return f"shows nothing: below {FEWEST_TOLD} sequences no test over them does"
    return f"shows a difference of {difference:.3f} in {POWER:.0%} of all cases"


def _briefly(difference: float) -> str:
    if math.isinf(difference):
        return f"needs {FEWEST_TOLD} sequences"
    return f"shows {legend.signed(difference)}"


def forecast(store: str, request: TableRequest, missing: int) -> str:
    """Say how long a table takes that is asked for, and which difference it will show.

    Args:
        store: whose runs say so.
        request: the table.
        missing: how many of its runs are still to be done.

    Returns:
        Nothing where nobody knows.
    """
    if not is_made(store):
        return ""
    with closing(open_store(store, create=False)) as opened:
        parts = [_took(opened, request) if missing else "", _will_show(opened, request.table)]
    said = "; ".join(filter(None, parts))
    return f"{said}." if said else ""


def _took(store: Store, request: TableRequest) -> str:
    """Say how long the missing runs take, and the searches for their rates that nobody asked for.

    As those took that are most like them; nothing where no run says it.
    """
    table = request.table
    timed = timed_runs(store, table.model, table.sequences)
    facts, host, workers = _facts(table), identity_of().host, expected_workers(store)
    done = Counter(
        (run.entrant.name, run.spec.sequence)
        for run in make_plan(store, table).runs
        if run.record is not None
    )
    seconds = 0.0
    for entrant in table.entrants:
        for sequence in table.sequences:
            spec = RunSpec(
                sequence=sequence,
                data=table.data,
                model=table.model,
                method=entrant.method,
                protocol=table.protocol,
                device=table.device,
            )
            found = estimate(spec, timed, facts, host)
            if found is None:
                return ""
            seconds += (len(table.seeds) - done[entrant.name, sequence]) * found.seconds / workers
    for need in needed_searches(store, table, request.searched):
        if need.found is None:
            study = replace(request.like, sequence=need.sequence)
            of_study = study_seconds(study, timed, facts, host, workers)
            seconds += 0.0 if of_study is None else of_study[1]
    return f"{roughly(seconds)} with {count(workers, 'worker')}"


def _facts(table: TableSpec) -> dict[str, TaskFacts]:
    """Return what was found before of the table's tasks."""
    protocol, found = table.protocol, {}
    for task in dict.fromkeys(task for sequence in table.sequences for task in sequence):
        known = known_facts(
            FactsQuestion(
                task=task,
                data=table.data,
                model=table.model,
                selection=protocol.selection,
                eval_rows=protocol.eval_rows,
                length_split=protocol.length_split,
            )
        )
        if isinstance(known, TaskFacts):
            found[task] = known
    return found


def _will_show(store: Store, table: TableSpec) -> str:
    """Say which difference a table will show, by what was recorded on its model."""
    like = [item for item in recorded(store) if item.model == table.model]
    same = [item for item in like if item.protocol.scores_like(table.protocol)]
    for item in (*same, *like):
        try:
            dial = make_dial(store, item)
        except UsageError:
            continue
        rows = table.protocol.eval_rows or dial.spread.measured
        design = Design(sequences=len(table.sequences), seeds=len(table.seeds), rows=rows)
        return _briefly(shown_difference(dial.spread, design))
    return ""
