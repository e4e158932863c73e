"""A table that a plan asks for: everything is said in its file, nothing beside it."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from bertcl_tui.arena.launching import TableRequest, asked_layout, make_request
from bertcl_tui.options import OPTIONS
from bertcl_tui.style.wording import count
from engine.arena.declared import DeclaredPlan, WrittenPlan, declarations, declared_plans, plans_of
from engine.arena.entrants import DEFAULT_RATE
from engine.arena.headline import Declarations
from engine.arena.layouts import FREE, Layout
from engine.arena.plan import Plan
from engine.arena.results import Results
from engine.errors import unknown_name
from engine.store.connection import Store

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
            raise unknown_name("option of a plan's setting", name, PLANNED_FIELDS)
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


def declared_in(store: Store, request: TableRequest, results: Results) -> Declarations:
    """Return which comparisons of a table were declared before they were run."""
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
