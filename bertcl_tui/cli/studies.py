"""``studies`` and ``trials``: what there is."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bertcl_tui.cli.output import make_table, print_json, print_text, say
from bertcl_tui.cli.parameters import Json, Store, Study
from bertcl_tui.cli.stores import opened
from bertcl_tui.filters import parse_filter, trial_fields
from bertcl_tui.read import Reader
from bertcl_tui.rows import StudyRow, TrialRow
from bertcl_tui.wording import duration, score, trials_done
from engine.store.connection import DEFAULT_STORE

Terms = Annotated[
    str,
    typer.Option(
        "--filter", metavar="TERMS", help="Only what fits, like 'lr3>1e-5 p>1.4 state:complete'."
    ),
]


def studies(*, store: Store = DEFAULT_STORE, json: Json = False) -> None:
    """List the studies with their state, trials and best p."""
    with opened(store) as at:
        rows = at.reader.studies()
    if json:
        print_json([study_facts(row) for row in rows])
        return
    if not rows:
        say("no study yet; start one with bertcl-tui search")
        return
    table = make_table(["name", "model", "state"], ["trials", "best p", "p_o", "p_s", "ETA"])
    for row in rows:
        best = row.best
        table.add_row(
            row.name,
            row.model,
            row.state,
            trials_done(row),
            *(score(value) for value in ((best.p, best.p_o, best.p_s) if best else (None,) * 3)),
            duration(row.eta),
        )
    print_text(table)


def trials(
    study: Study, *, terms: Terms = "", store: Store = DEFAULT_STORE, json: Json = False
) -> None:
    """List the trials of a study, best first."""
    with opened(store) as at:
        rows = _matching(at.reader, at.study(study).id, terms)
    if json:
        print_json([trial_facts(row) for row in rows])
    else:
        print_trials(rows)


def print_trials(rows: Sequence[TrialRow]) -> None:
    """Print trials as a table."""
    if not rows:
        say("no trial to show")
        return
    table = make_table([], ["#", "p", "p_o", "p_s"], ["state", "label", "learning rates"])
    for row in rows:
        table.add_row(
            str(row.number),
            score(row.p),
            score(row.p_o),
            score(row.p_s),
            _state(row),
            row.label or "",
            " ".join(f"{rate:.1e}" for rate in row.learning_rates),
        )
    print_text(table)


def study_facts(row: StudyRow) -> dict[str, Any]:
    """Return what programs are told of a study."""
    return {
        "name": row.name,
        "sequence": row.sequence,
        "model": row.model,
        "preset": row.preset,
        "origin": row.origin,
        "state": row.state,
        "reason": row.reason,
        "trials": row.counts,
        "target": row.target,
        "spending": row.spending,
        "best": row.best,
        "rate": row.rate,
        "tokens_rate": row.tokens_rate,
        "eta": row.eta,
        "created_at": row.created_at,
    }


def trial_facts(row: TrialRow) -> dict[str, Any]:
    """Return what programs are told of a trial."""
    return {
        "number": row.number,
        "label": row.label,
        "state": row.state,
        "reason": row.reason,
        "p": row.p,
        "p_o": row.p_o,
        "p_s": row.p_s,
        "learning_rates": row.learning_rates,
        "step": row.step,
        "steps": row.steps,
        "rate": row.rate,
        "tokens_rate": row.tokens_rate,
        "busy_seconds": row.busy_seconds,
    }


def _matching(reader: Reader, study_id: int, terms: str) -> tuple[TrialRow, ...]:
    if not terms:
        return reader.trials(study_id).rows
    choices = max((len(row.learning_rates) for row in reader.trials(study_id).rows), default=0)
    return reader.trials(study_id, where=parse_filter(terms, trial_fields(choices))).rows


def _state(row: TrialRow) -> str:
    if row.steps and row.state in {"running", "paused"}:
        return f"{row.state} {row.step / row.steps:.0%}"
    return row.state
