"""``arena``: methods × sequences × seeds, from what is missing to the table."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from bertcl_tui.arena.beforehand import dials_of, draw_spread, draw_ways, lines_of
from bertcl_tui.arena.fields import NOT_FOR_TABLES, OF_SEARCHES, OF_SETTINGS, table_field
from bertcl_tui.arena.launching import (
    TableRequest,
    asked_layout,
    make_request,
    refuse_what_cannot_be,
)
from bertcl_tui.arena.look import fitting, recorded_tables
from bertcl_tui.arena.planned import ask_by_plan, declared_in, describe_plan
from bertcl_tui.arena.writing import (
    FORMATS,
    TEXT,
    draw_arena,
    draw_headline,
    format_of,
    headline_above,
    lines_below,
    to_format,
    write_tables,
)
from bertcl_tui.cli.following import follow_runs, follow_studies
from bertcl_tui.cli.output import print_json, print_line, print_text, say
from bertcl_tui.cli.parameters import (
    Checkpoints,
    Detach,
    Json,
    Retry,
    Slots,
    Stack,
    Store,
    Texts,
    offer_words,
    refuse_unused,
    with_flags,
)
from bertcl_tui.cli.stores import OpenedStore, opened, use_places
from bertcl_tui.style.wording import count
from engine.arena.declared import WrittenPlan, declare_plan, read_plan
from engine.arena.entrants import DEFAULT_RATE
from engine.arena.layouts import FREE, LAYOUTS
from engine.arena.measuring import MEASURES
from engine.arena.plan import Plan, make_plan, needed_searches
from engine.arena.power import Dial
from engine.arena.recorded import recorded
from engine.arena.results import results_of_plan
from engine.arena.tables import Table, describe_setting, make_table
from engine.errors import EngineError, shown, unknown_name
from engine.files import check_target, expanded
from engine.store.connection import DEFAULT_STORE
from engine.work.requests import ask_for_searches, enter_runs
from engine.work.supervisor import ensure_workers
from engine.work.tending import Tender

_SEEDS: Final = 5
_OF_WORK: Final = ("retry", "detach", "slots", "stack", "checkpoints")
_ASKED: Final = ("sequences", "methods", "layout", "seeds", "lr", "budget", "search_on")
_OF_A_PLAN: Final = (*_ASKED, *(item.name for item in OF_SEARCHES if item.name != "device"))
_OF_RUNS: Final = tuple(item.name for item in OF_SEARCHES if item.name not in OF_SETTINGS)
_OF_A_TABLE: Final = (*_ASKED, "measure", "plan", "offline", "form", "out")
"""Parameters, by what they say something of."""
Sequences = Annotated[str, typer.Option(metavar="A:B,C:D", help=table_field("sequences").help)]
Methods = Annotated[str, typer.Option(metavar="METHODS", help=table_field("methods").help)]
LayoutName = Annotated[
    str,
    typer.Option(
        "--layout",
        metavar="NAME",
        help=f"One of {', '.join(LAYOUTS)}.",
        autocompletion=offer_words(dict.fromkeys(LAYOUTS, "")),
    ),
]
MeasureName = Annotated[
    str,
    typer.Option(
        "--measure",
        metavar="NAME",
        help=f"One of {', '.join(MEASURES)}.",
        autocompletion=offer_words(dict.fromkeys(MEASURES, "")),
    ),
]
Seeds = Annotated[int, typer.Option(min=1, max=1000, metavar="N", help=table_field("seeds").help)]
Rate = Annotated[float, typer.Option("--lr", metavar="RATE", help=table_field("lr").help)]
Budget = Annotated[
    int | None, typer.Option(min=1, metavar="TRIALS", help=table_field("budget").help)
]
SearchOn = Annotated[str, typer.Option(metavar="A:B,C:D", help=table_field("search_on").help)]
PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="A plan (TOML), kept before its first run; the rest is exploratory.",
    ),
]
Power = Annotated[
    bool,
    typer.Option(
        "--power",
        help="Say what shows a difference of .01, .02, .03, and how long that takes here.",
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Print what the store has, and ask for nothing.")
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="NAME",
        help=f"One of {', '.join(FORMATS)}.",
        autocompletion=offer_words(dict.fromkeys(FORMATS, "")),
    ),
]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table to this file.")]


@partial(with_flags, without=NOT_FOR_TABLES)
def arena(
    texts: Texts,
    *,
    context: typer.Context,
    sequences: Sequences = "",
    methods: Methods = "",
    layout: LayoutName = FREE,
    measure: MeasureName = "",
    seeds: Seeds = _SEEDS,
    lr: Rate = DEFAULT_RATE,
    budget: Budget = None,
    search_on: SearchOn = "",
    plan: PlanFile = None,
    power: Power = False,
    offline: Offline = False,
    retry: Retry = False,
    detach: Detach = False,
    slots: Slots = None,
    stack: Stack = 1,
    checkpoints: Checkpoints = "",
    form: Format = "",
    out: Out = None,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Compare methods over sequences and seeds, as in the tables of the paper.

    Runs that are in the store are taken from it; what is missing is queued, done by workers in the
    background and followed. Ctrl-C pauses. With --offline everything recorded is printed, or the
    rows and columns that are named. A --plan is kept in the store first.
    """
    if power:
        refuse_unused(
            context, [*_OF_A_TABLE, *_OF_RUNS, *_OF_WORK], "with --power, which makes no table"
        )
        with opened(store) as at:
            _print_dials(dials_of(at.store, fitting(recorded(at.store), texts)), json=json)
        return
    if out is not None:
        out = expanded(out)
        check_target(out)
    chosen = _chosen_format(form, out)
    written = None if plan is None else read_plan(plan)
    if written is not None:
        refuse_unused(context, _OF_A_PLAN, "with --plan, which says all of that")
        asked = ask_by_plan(written, measure, texts.get("device", ""))
        shape, texts = asked.layout, asked.texts
    else:
        shape = asked_layout(layout, sequences, methods, measure, lr)
    _refuse_unused(context, offline=offline, detach=detach, json=json and out is None)
    if budget is None and plan is None:
        refuse_unused(context, ["search_on"], "without --budget TRIALS")
    if offline:
        with opened(store) as at:
            _put_tables(recorded_tables(at.store, shape, texts), chosen, out, json=json)
        return
    request = (
        make_request(shape, texts, seeds=seeds, budget=budget, search_on=search_on)
        if written is None
        else asked.request
    )
    use_places(checkpoints)
    say("looking at tasks and model …")
    refuse_what_cannot_be(store, request)
    with opened(store, create=True) as at:
        tender = Tender(at.store, slots=slots, device=request.table.device, stack=stack)
        if written is not None:
            _declare(at, written, request)
        _search(at, request, tender)
        runs = make_plan(at.store, request.table)
        new = enter_runs(at.store, runs.runs, retry=retry)
        runs = make_plan(at.store, request.table)
        say(f"{count(len(runs.runs), 'run')}: {count(new, 'new one')}, {_waiting(runs)} to be done")
        if detach:
            device = request.table.device
            ensure_workers(at.store.url, slots=slots, device=device, stack=stack)
            say("they go on in the background; the same command prints the table")
            return
        follow_runs(at, _ids(runs), tender)
        runs = make_plan(at.store, request.table)
        table = _table(at, request, runs)
    _put_tables([table], chosen, out, json=json)
    if failed := len(runs.of("failed")):
        of = f"{failed} of {count(len(runs.runs), 'run')}"
        raise EngineError(f"{of} failed; the notes say why, and --retry asks for them again")


def _declare(at: OpenedStore, written: WrittenPlan, request: TableRequest) -> None:
    """Keep the plan before anything of it is run."""
    plan = declare_plan(at.store, written, request.table)
    say(describe_plan(plan, make_plan(at.store, request.table)))


def _table(at: OpenedStore, request: TableRequest, runs: Plan) -> Table:
    """Return the table of what was run by now."""
    spec = request.table
    results = results_of_plan(at.store, runs)
    return make_table(
        request.layout,
        results,
        setting=describe_setting(spec.data, spec.model, spec.protocol),
        score=spec.protocol.score,
        declared=declared_in(at.store, request, results),
    )


def _refuse_unused(context: typer.Context, *, offline: bool, detach: bool, json: bool) -> None:
    if offline:
        asking = ["seeds", "budget", "search_on", *_OF_RUNS, *_OF_WORK]
        refuse_unused(context, asking, "with --offline, which has nothing run")
    if detach:
        refuse_unused(context, ["form", "out", "json"], "with --detach, which prints no table")
    if json:
        refuse_unused(context, ["form"], "with --json, unless there is --out FILE")


def _search(at: OpenedStore, request: TableRequest, tender: Tender) -> None:
    """Search until every row has what it needs; some searches wait for others."""
    while True:
        needed = needed_searches(at.store, request.table, request.searched)
        if all(need.met for need in needed):
            return
        follow_studies(at, ask_for_searches(at.store, needed, request.like), tender)


def _waiting(plan: Plan) -> int:
    return len({run.record.id for run in plan.unfinished if run.record is not None})


def _ids(plan: Plan) -> list[int]:
    return [run.record.id for run in plan.runs if run.record is not None]


def _chosen_format(name: str, out: Path | None) -> str:
    """Return the format that was named, else that of the file's name, else text.

    Raises:
        UsageError: there is no such format.
    """
    chosen = name or (format_of(out) if out else TEXT)
    if chosen not in FORMATS:
        raise unknown_name("format", chosen, FORMATS)
    return chosen


def _put_tables(tables: Sequence[Table], form: str, out: Path | None, *, json: bool) -> None:
    """Write tables into a file, or print them.

    Raises:
        UsageError: the file cannot be written.
    """
    if out is not None:
        write_tables(tables, form, out)
        say(f"table written to {shown(out)}")
    if json:
        print_json(tables)
    elif out is None and form == TEXT:
        for table in tables:
            _print_table(table)
    elif out is None:
        print_line(to_format(tables, form).rstrip("\n"))


def _print_dials(dials: Sequence[tuple[str, Dial]], *, json: bool) -> None:
    if json:
        print_json([{"setting": setting, "dial": dial} for setting, dial in dials])
        return
    for setting, dial in dials:
        recorded_so, needed = lines_of(dial)
        print_line(f"{setting}.\n")
        print_text(draw_spread(dial))
        print_line(f"\n{recorded_so}\n{needed}\n")
        print_text(draw_ways(dial))
        print_line("")


def _print_table(table: Table) -> None:
    print_line(f"{table.title}\n")
    headline = draw_headline(table)
    if headline is not None:
        for line in headline_above(table):
            print_line(f"{line}\n")
        print_text(headline)
        print_line("")
    print_text(draw_arena(table))
    print_line("")
    for line in lines_below(table):
        print_line(line)
