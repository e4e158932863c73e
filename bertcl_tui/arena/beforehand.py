"""Before a table is run: the plan that asks for it, what it will show, and how long it takes."""

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import groupby
from typing import Final

from msgspec import Struct
from rich.table import Table as Drawn
from rich.text import Text

from bertcl_tui.arena.launching import TableRequest, asked_layout, make_request
from bertcl_tui.options import OPTIONS
from bertcl_tui.style.wording import count, duration
from engine.arena import legend
from engine.arena.declared import DeclaredPlan, WrittenPlan, declarations, declared_plans, plans_of
from engine.arena.entrants import DEFAULT_RATE
from engine.arena.headline import Declared
from engine.arena.layouts import FREE, Layout
from engine.arena.plan import Plan
from engine.arena.power import (
    FEWEST_TOLD,
    POWER,
    Design,
    Dial,
    Way,
    make_dial,
    shown_difference,
)
from engine.arena.recorded import Recorded, recorded
from engine.arena.results import Results
from engine.arena.tables import describe_setting
from engine.errors import UsageError, shown
from engine.store.connection import Store, is_made, open_store

_SAID_ELSEWHERE: Final = frozenset(
    {"sequence", "name", "trials", "method", "searched_stages", "budget", "device"}
)
"""Options that a plan has in its own way, and the device, which decides nothing."""
PLANNED_FIELDS: Final = tuple(item.name for item in OPTIONS if item.name not in _SAID_ELSEWHERE)
"""What a plan's ``[setting]`` may have."""


class Asked(Struct, frozen=True, kw_only=True):
    """What a plan comes to."""

    layout: Layout
    texts: Mapping[str, str]
    """What it says of data, model and protocol, by option name."""
    request: TableRequest


def refuse_beside(given: Mapping[str, bool]) -> None:
    """Refuse what was said beside a plan.

    Args:
        given: whether it was, by option.

    Raises:
        UsageError: something was.
    """
    said = [f"--{name.replace('_', '-')}" for name, there in given.items() if there]
    if said:
        raise UsageError(f"the plan says all of that; leave {', '.join(said)} away, or change it")


def ask_by_plan(written: WrittenPlan, measure: str, device: str = "") -> Asked:
    """Return the table that a plan asks for.

    Args:
        written: the plan.
        measure: of the table; empty: the usual one.
        device: on which is learnt; empty: as usual.

    Raises:
        UsageError: a name in its setting is none, an option cannot be read, or a task is unknown.
    """
    file = written.file
    texts = {name.replace("-", "_"): _text(value) for name, value in file.setting.items()}
    for name in texts:
        if name not in PLANNED_FIELDS:
            raise UsageError(
                f"the plan's setting has no option '{shown(name)}'; "
                f"it may have {', '.join(PLANNED_FIELDS)}"
            )
    layout = asked_layout(
        FREE, ",".join(file.sequences), ",".join(file.methods), measure, DEFAULT_RATE
    )
    request = make_request(
        layout,
        {**texts, "device": device},
        seeds=file.seeds,
        budget=file.budget,
        search_on=",".join(file.search_on),
    )
    return Asked(layout=layout, texts=texts, request=request)


def declared_in(store: Store, request: TableRequest, results: Results) -> Mapping[str, Declared]:
    """Return which rows of a table were declared before they were run, by their names."""
    asked = request.asked
    plans = plans_of(declared_plans(store), asked.data, asked.model, asked.protocol)
    return declarations(plans, results)


def describe_plan(plan: DeclaredPlan, runs: Plan) -> str:
    """Say in a line how a plan stands, with what was run before it was there."""
    early = [
        run
        for run in runs.runs
        if run.record is not None and run.record.created_at < plan.declared_at
    ]
    said = f"plan {plan.name} is kept: {plan.primary} is the primary comparison"
    if not early:
        return said
    rows = ", ".join(dict.fromkeys(run.entrant.name for run in early))
    return f"{said}; {count(len(early), 'run')} of {rows} came before it, so these are exploratory"


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


_HOUR = 3600.0
_AVERAGED = {
    "sequences, at least": "less with more sequences alone",
    "seeds (heads, order)": "less with more seeds, or more sequences",
    "rows, at most": "less with more rows, or more sequences",
    "search": "less with nothing but more trials, or searches that are combined",
}
_NEEDED = (
    f"Sequences that show a difference in {POWER:.0%} of all cases, two-sided at .05 (with more "
    "rows at best), and how long both methods' runs on them take"
)
_UNKNOWN = "not known: no search was repeated on a sequence"


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
    table = request.table
    with closing(open_store(store, create=False)) as opened:
        like = [item for item in recorded(opened) if item.model == table.model]
        same = [item for item in like if item.protocol.scores_like(table.protocol)]
        for item in (*same, *like):
            try:
                dial = make_dial(opened, item)
            except UsageError:
                continue
            rows = table.protocol.eval_rows or dial.spread.measured
            design = Design(sequences=len(table.sequences), seeds=len(table.seeds), rows=rows)
            more = rows / dial.spread.measured if dial.spread.measured else 1.0
            hours = dial.pace.hours(missing, more)
            parts = [duration(hours * _HOUR)] if dial.pace.runs and missing else []
            return f"{'; '.join((*parts, _briefly(shown_difference(dial.spread, design))))}."
    return ""
