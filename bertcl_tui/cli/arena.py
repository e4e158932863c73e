"""``arena``: methods × sequences × seeds, from what is missing to the table."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bertcl_tui.arena.fields import NOT_FOR_TABLES, table_field
from bertcl_tui.arena.launching import (
    TableRequest,
    asked_layout,
    make_request,
    refuse_what_cannot_be,
)
from bertcl_tui.arena.look import recorded_tables
from bertcl_tui.arena.writing import (
    FORMATS,
    TEXT,
    draw_arena,
    format_of,
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
    with_flags,
)
from bertcl_tui.cli.stores import OpenedStore, keep_checkpoints, opened
from bertcl_tui.style.wording import count
from engine.arena.entrants import DEFAULT_RATE
from engine.arena.layouts import FREE, LAYOUTS
from engine.arena.measuring import MEASURES
from engine.arena.plan import Plan, make_plan, needed_searches
from engine.arena.results import results_of_plan
from engine.arena.tables import Table, describe_setting, make_table
from engine.errors import EngineError, UsageError, shown
from engine.store.connection import DEFAULT_STORE
from engine.work.requests import ask_for_searches, enter_runs
from engine.work.supervisor import ensure_workers
from engine.work.tending import Tender

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
    sequences: Sequences = "",
    methods: Methods = "",
    layout: LayoutName = FREE,
    measure: MeasureName = "",
    seeds: Seeds = 5,
    lr: Rate = DEFAULT_RATE,
    budget: Budget = None,
    search_on: SearchOn = "",
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
    rows and columns that are named.
    """
    chosen = _chosen_format(form, out)
    shape = asked_layout(layout, sequences, methods, measure, lr)
    if offline:
        with opened(store) as at:
            _put_tables(recorded_tables(at.store, shape, texts), chosen, out, json=json)
        return
    request = make_request(shape, texts, seeds=seeds, budget=budget, search_on=search_on)
    spec = request.table
    keep_checkpoints(checkpoints)
    say("looking at tasks and model …")
    refuse_what_cannot_be(store, request)
    with opened(store, create=True) as at:
        tender = Tender(at.store, slots=slots, device=spec.device, stack=stack)
        _search(at, request, tender)
        plan = make_plan(at.store, spec)
        new = enter_runs(at.store, plan.runs, retry=retry)
        plan = make_plan(at.store, spec)
        say(f"{count(len(plan.runs), 'run')}: {count(new, 'new one')}, {_waiting(plan)} to be done")
        if detach:
            ensure_workers(at.store.url, slots=slots, device=spec.device, stack=stack)
            say("they go on in the background; the same command prints the table")
            return
        follow_runs(at, _ids(plan), tender)
        plan = make_plan(at.store, spec)
        setting = describe_setting(spec.data, spec.model, spec.protocol)
        table = make_table(
            shape, results_of_plan(at.store, plan), setting=setting, score=spec.protocol.score
        )
    _put_tables([table], chosen, out, json=json)
    if failed := len(plan.of("failed")):
        of = f"{failed} of {count(len(plan.runs), 'run')}"
        raise EngineError(f"{of} failed; the notes say why, and --retry asks for them again")


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
        raise UsageError(f"no format '{shown(chosen)}'; use one of {', '.join(FORMATS)}")
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


def _print_table(table: Table) -> None:
    print_line(f"{table.title}\n")
    print_text(draw_arena(table))
    print_line("")
    for line in lines_below(table):
        print_line(line)
