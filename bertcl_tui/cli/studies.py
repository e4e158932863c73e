"""``studies`` and ``trials``: what there is."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.cli.output import make_table, print_json, print_text, say
from bertcl_tui.cli.parameters import Json, Store, Study, offer_columns, offer_orders, refuse_unused
from bertcl_tui.cli.stores import opened
from bertcl_tui.store.filters import parse_filter
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import TrialRow
from bertcl_tui.study.columns import order_by, trial_fields
from bertcl_tui.study.writing import (
    FACTS,
    choices_of,
    chosen_facts,
    fact_names,
    listed_trials,
    to_tsv,
    write_trials,
)
from bertcl_tui.style.wording import count, duration, score, signed, trials_done
from engine.errors import shown
from engine.store.connection import DEFAULT_STORE

Terms = Annotated[
    str,
    typer.Option(
        "--filter", metavar="TERMS", help="Only what fits, like 'p_o>0.6 state:complete'."
    ),
]

Sort = Annotated[
    str,
    typer.Option(
        metavar="COLUMN",
        help="By what: p, lr3, number, time, state or another column.",
        autocompletion=offer_orders,
    ),
]
Reverse = Annotated[bool, typer.Option("--reverse", help="Turn the order round.")]
Columns = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="Which columns, with commas: number,p,lr0,busy_seconds. They are printed in full.",
        autocompletion=offer_columns,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write into a file that ends in .csv, .tsv, .json or .parquet."
    ),
]


_TO_BE_EXPLAINED: Final = ("failed", "queued")
"""States of studies that a reason may stand behind."""


Archived = Annotated[bool, typer.Option("--archived", help="List what was archived too.")]


def studies(
    *, archived: Archived = False, store: Store = DEFAULT_STORE, json: Json = False
) -> None:
    """List the studies with their state, trials and best p."""
    with opened(store) as at:
        rows = [row for row in at.reader.studies() if archived or not row.archived]
        if json:
            print_json([study_facts(row) for row in rows])
            return
        if not rows:
            say("no study yet; start one with bertcl-tui search")
            return
        table = make_table(
            ["name", "model", "state"], ["trials", "best p", "seeds", "p_o", "p_s", "ETA"]
        )
        for row in rows:
            best = row.best
            table.add_row(
                row.name,
                row.model,
                row.state,
                trials_done(row),
                score(best.p if best else None),
                str(best.seeds) if best else "–",
                *(score(value) for value in ((best.p_o, best.p_s) if best else (None, None))),
                duration(row.eta),
            )
        print_text(table)
        for row in rows:
            if row.reason and (
                row.state in _TO_BE_EXPLAINED or row.ended_early or row.is_set_aside
            ):
                say(f"{row.name} {row.state}: {shown(row.reason)}")


def trials(
    context: typer.Context,
    study: Study,
    *,
    terms: Terms = "",
    sort: Sort = "p",
    reverse: Reverse = False,
    columns: Columns = "",
    out: Out = None,
    store: Store = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """List the trials of a study, best first, or write them into a file with every digit."""
    if out is not None:
        refuse_unused(context, ["json"], "with --out FILE, whose ending says how it is written")
    with opened(store) as at:
        study_id = at.study(study).id
        choices = choices_of(at.reader, study_id)
        names = fact_names(columns.split(","), choices) if columns else FACTS
        numbers = at.reader.ordered_trials(
            study_id,
            where=parse_filter(terms, trial_fields(choices)),
            order=order_by(sort, choices, reverse=reverse),
        ).numbers
        rows = listed_trials(at.reader, study_id, numbers)
        if out is not None:
            written = write_trials(rows, names, choices, out)
            say(f"{count(written, 'trial')} written to {shown(out)}")
        elif json:
            print_json([chosen_facts(row, names) for row in rows])
        elif columns:
            sys.stdout.write(to_tsv(rows, names, choices))
        else:
            print_trials(list(rows))


def print_trials(rows: Sequence[TrialRow]) -> None:
    """Print trials as a table."""
    if not rows:
        say("no trial to show")
        return
    numbers = ["#", "p", "p_o", "forgetting", "p_s"]
    table = make_table([], numbers, ["state", "label", "learning rates"])
    for row in rows:
        table.add_row(
            str(row.number),
            score(row.p),
            score(row.p_o),
            signed(row.forgetting),
            score(row.p_s),
            _state(row),
            row.label or "",
            " ".join(map(rate_label, row.learning_rates)),
        )
    print_text(table)


def study_facts(row: StudyRow) -> dict[str, Any]:
    """Return what is printed of a study for programs."""
    return {
        "name": row.name,
        "sequence": row.sequence,
        "model": row.model,
        "preset": row.preset,
        "searched_stages": "all" if row.first_lr is None else "later",
        "first_lr": row.first_lr,
        "origin": row.origin,
        "state": row.state,
        "reason": row.reason,
        "trials": row.counts,
        "target": row.target,
        "spending": row.spending,
        "best": row.best,
        "races": row.races,
        "rate": row.rate,
        "tokens_rate": row.tokens_rate,
        "eta": row.eta,
        "created_at": row.created_at,
        "archived": row.archived,
        "note": row.note,
    }


def _state(row: TrialRow) -> str:
    if row.steps and row.state in {"running", "paused"}:
        return f"{row.state} {row.step / row.steps:.0%}"
    return row.state
