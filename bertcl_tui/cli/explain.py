"""``explain``: what differs between two runs, and from the paper."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from msgspec import Struct

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.cli.output import make_table, print_json, print_line, print_text
from bertcl_tui.cli.parameters import Json, Store, offer_studies
from bertcl_tui.cli.stores import OpenedStore, opened
from bertcl_tui.style.wording import score
from bertcl_tui.trial.look import choice_labels
from engine.errors import UsageError, shown
from engine.spec import sequence_name
from engine.spec.differences import Difference, differences, differences_from_paper, facts_of
from engine.store.connection import DEFAULT_STORE
from engine.store.runs import RunRecord, find_run

_ID: Final = re.compile(r"\d{1,18}")
_TRIAL: Final = re.compile(r"(?P<study>.+):(?P<number>\d{1,9})")
_RATE: Final = re.compile(r"lr(?P<choice>\d+)")
_RATES_BELOW: Final = 1e-2
_ALL_UNLESS_SAID: Final = frozenset({"train_rows", "eval_rows"})

Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's id, or STUDY:NUMBER for a trial of a study.",
        autocompletion=offer_studies,
    ),
]
Other = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="Another one, held against the first.",
        autocompletion=offer_studies,
    ),
]


class _Named(Struct, frozen=True):
    """A run, and what the person called it."""

    name: str
    record: RunRecord


def explain(
    run: Run, other: Other = None, *, store: Store = DEFAULT_STORE, json: Json = False
) -> None:
    """Say what differs between two runs, and between each and the paper; one RUN: the latter."""
    with opened(store) as at:
        runs = [_Named(text, _find(at, text)) for text in (run, other) if text is not None]
        between = _between(runs)
        if json:
            print_json(
                {
                    "runs": [_facts(item) for item in runs],
                    "between": [_pair(item) for item in between] if len(runs) > 1 else None,
                }
            )
            return
        for item in runs:
            print_line(_headline(item))
        if len(runs) > 1:
            _print_between(runs, between)
        for item in runs:
            _print_from_paper(item)


def _find(at: OpenedStore, text: str) -> RunRecord:
    if _ID.fullmatch(text):
        return find_run(at.store, int(text))
    match = _TRIAL.fullmatch(text)
    if match is None:
        raise UsageError(
            f"'{shown(text)}' names no run; write its id, or a trial of a study like sst2:mrpc:17"
        )
    study, number = at.study(match["study"]), int(match["number"])
    at.check_trials(study, [number])
    return find_run(at.store, at.reader.run_ids(study.id)[number])


def _between(runs: Sequence[_Named]) -> tuple[Difference, ...]:
    return differences([facts_of(run.record.spec, run.record.learning_rates) for run in runs])


def _print_between(runs: Sequence[_Named], between: Sequence[Difference]) -> None:
    print_line("")
    if not between:
        print_line("They differ in nothing but chance and the machine.")
        return
    table = make_table(["between them", *(run.name for run in runs)])
    for item in between:
        table.add_row(_label(item.name, runs), *_values(item))
    print_text(table)


def _print_from_paper(run: _Named) -> None:
    print_line("")
    found = differences_from_paper(run.record.spec)
    if not found:
        print_line(f"{run.name} is as in the paper.")
        return
    table = make_table(["against the paper", run.name, "paper", ""])
    for item in found:
        table.add_row(_label(item.name, [run]), *_values(item), item.note)
    print_text(table)


def _headline(run: _Named) -> str:
    record = run.record
    label = f" ({record.label})" if record.label else ""
    return (
        f"{run.name}{label}: {record.spec.method} on {sequence_name(record.spec.sequence)}, "
        f"{record.state}, p {score(record.p)}"
    )


def _facts(run: _Named) -> dict[str, Any]:
    record = run.record
    return {
        "name": run.name,
        "id": record.id,
        "label": record.label,
        "state": record.state,
        "p": record.p,
        "facts": facts_of(record.spec, record.learning_rates),
        "against_paper": [
            {"name": item.name, "run": ours, "paper": paper, "note": item.note}
            for item in differences_from_paper(record.spec)
            for ours, paper in [item.values]
        ],
    }


def _pair(item: Difference) -> dict[str, Any]:
    return {"name": item.name, "values": item.values}


def _label(name: str, runs: Sequence[_Named]) -> str:
    """Name a rate by its layers, where both runs group them alike."""
    match = _RATE.fullmatch(name)
    labels = {_choices(run) for run in runs}
    if match is None or len(labels) > 1:
        return name.replace("_", " ")
    choices, choice = labels.pop(), int(match["choice"])
    return f"{name} {choices[choice]}" if choice < len(choices) else name


def _choices(run: _Named) -> tuple[str, ...]:
    record = run.record
    count = len(record.learning_rates or ())
    return choice_labels(record.spec.model, record.spec.protocol.grouping, count)


def _values(item: Difference) -> list[str]:
    nothing = "all" if item.name in _ALL_UNLESS_SAID else "–"
    return [_shown(value, nothing) for value in item.values]


def _shown(value: object, nothing: str) -> str:
    match value:
        case None:
            return nothing
        case bool():
            return "on" if value else "off"
        case float():
            return rate_label(value) if 0 < value < _RATES_BELOW else f"{value:.3g}"
        case _:
            return str(value)
