"""``query``: a question to the store in SQL."""

import math
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from bertcl_tui.cli.output import make_table, print_json, print_line, print_text, say
from bertcl_tui.cli.parameters import Json, Store, offer_words, refuse_unused
from bertcl_tui.cli.stores import opened
from bertcl_tui.style.wording import count
from engine.errors import UsageError, shown, unknown_name
from engine.exports.rows import ROW_FORMATS, check_ending, rows_text, write_rows
from engine.files import check_target, expanded
from engine.store.connection import DEFAULT_STORE
from engine.store.query import DEFAULT_ROWS, DEFAULT_SECONDS, Answer, ask
from engine.store.views import VIEWS

_TABLE: Final = "table"
_FORMATS: Final = (_TABLE, *ROW_FORMATS)
_LONGEST: Final = 60
"""Letters of a text in a table for people."""

Sql = Annotated[
    str | None,
    typer.Option(
        "--sql", metavar="SQL", help="One statement that reads; without one, the views are listed."
    ),
]
Limit = Annotated[int, typer.Option(min=1, metavar="ROWS", help="How many rows at most.")]
Timeout = Annotated[
    float, typer.Option(min=0.001, metavar="SECONDS", help="After so long the query is given up.")
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="NAME",
        help=f"One of {', '.join(_FORMATS)}; by default {_TABLE}.",
        show_default=False,
        autocompletion=offer_words(dict.fromkeys(_FORMATS, "")),
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write into a file that ends in .csv, .tsv, .json or .parquet."
    ),
]


def query(
    context: typer.Context,
    *,
    sql: Sql = None,
    limit: Limit = DEFAULT_ROWS,
    timeout: Timeout = DEFAULT_SECONDS,
    form: Format = "",
    out: Out = None,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Ask the store in SQL, and write nothing to it: studies, trials, runs, curves, drift.

    Without --sql, these views are listed with their columns. Ctrl-C takes a query back.
    """
    _refuse_contradiction(form, out, json=json)
    if sql is None:
        refuse_unused(context, ["limit", "timeout", "form", "out"], "without --sql SQL")
        _print_views(json=json)
        return
    if math.isinf(timeout):
        raise UsageError("--timeout is a number of seconds; write one like 3600")
    if out is not None:
        out = expanded(out)
        check_ending(out)
        check_target(out)
    with opened(store) as at:
        answer = ask(at.store, sql, rows=limit, seconds=timeout)
    if out is not None:
        write_rows(answer.columns, answer.rows, out)
        say(f"{count(len(answer.rows), 'row')} written to {shown(out)}")
    elif json or form not in {"", _TABLE}:
        sys.stdout.write(rows_text(answer.columns, answer.rows, "json" if json else form))
    else:
        _print_rows(answer)
    if not answer.is_whole:
        say(f"these are the first {count(limit, 'row')}; there are more, see --limit")


def _refuse_contradiction(form: str, out: Path | None, *, json: bool) -> None:
    """Refuse an unknown format, and more than one word on what the answer is written as."""
    if form and form not in _FORMATS:
        raise unknown_name("format", form, _FORMATS)
    asked = {
        "--json": "json" if json else "",
        f"--format {form}": form,
        f"--out {shown(out)}": out.suffix[1:] if out else "",
    }
    asked = {word: kind for word, kind in asked.items() if kind}
    if len({*asked.values()}) > 1:
        raise UsageError(f"{' and '.join(asked)} do not go together; leave one away")


def _print_rows(answer: Answer) -> None:
    if not answer.rows:
        say("no row")
        return
    table = make_table(answer.columns)
    for place, column in enumerate(table.columns):
        if all(isinstance(row[place], int | float | None) for row in answer.rows):
            column.justify = "right"
    for row in answer.rows:
        table.add_row(*map(_cell, row))
    print_text(table)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.10g}" if isinstance(value, float) else shown(value, _LONGEST)


def _print_views(*, json: bool) -> None:
    if json:
        print_json([{"view": view.name, "columns": view.columns} for view in VIEWS])
        return
    for number, view in enumerate(VIEWS):
        print_line(f"{'' if number == 0 else chr(10)}{view.name}: {view.meaning}")
        table = make_table(["", ""])
        table.show_header = False
        for name, meaning in view.columns.items():
            table.add_row(f"  {name}", meaning.replace("`", ""))
        print_text(table)
