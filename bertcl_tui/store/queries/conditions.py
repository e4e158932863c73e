"""Filters of trials as conditions of a query."""

import operator
from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Float,
    and_,
    cast,
    false,
    func,
    not_,
    or_,
    type_coerce,
)

from bertcl_tui.store.filters import ANYWHERE, Filter, NumberTerm, WordTerm
from bertcl_tui.store.queries.confirmations import confirmed_p
from engine.store.schema import run
from engine.store.states import LOST_AFTER, STALLED_AFTER

_COMPARE: Final[dict[str, Callable[[ColumnElement[float], float], ColumnElement[bool]]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_READABLE: Final = (run.c.label, run.c.reason, run.c.state)
"""What a word that stands alone is looked for in."""


def fitting(
    connection: Connection, study_id: int, where: Filter, now: float
) -> ColumnElement[bool]:
    """Return the condition that a run is a trial of a study and fits."""
    of_study = run.c.study_id == study_id
    return and_(of_study, *(_condition(connection, term, now) for term in where))


def number_of(connection: Connection, field: str) -> ColumnElement[float]:
    """Return a number of a trial by its field."""
    if field == "confirmed":
        return confirmed_p()
    if not field.startswith("lr"):
        return run.c[field]
    # SQLite reads JSON from a text as it is, and would make a number of it in a cast.
    as_json = type_coerce if connection.dialect.name == "sqlite" else cast
    rates = as_json(run.c.learning_rates, JSON)
    return cast(rates[int(field.removeprefix("lr"))].as_string(), Float)


def _condition(
    connection: Connection, term: NumberTerm | WordTerm, now: float
) -> ColumnElement[bool]:
    if isinstance(term, NumberTerm):
        return _COMPARE[term.operator](number_of(connection, term.field), term.value)
    if term.field == "state":
        found = or_(*(_in_state(word, now) for word in term.words))
    else:
        found = or_(false(), *(_mentions(term.field, word) for word in term.words))
    return found if term.operator == "=" else not_(found)


def _in_state(state: str, now: float) -> ColumnElement[bool]:
    running = run.c.state == "running"
    silent = run.c.heartbeat_at < now - LOST_AFTER
    if state == "lost":
        return running & silent
    if state == "stalled":
        return running & not_(silent) & (run.c.progress_at < now - STALLED_AFTER)
    return run.c.state == state


def _mentions(field: str, word: str) -> ColumnElement[bool]:
    texts = _READABLE if field == ANYWHERE else (run.c[field],)
    return or_(*(func.coalesce(text, "").icontains(word, autoescape=True) for text in texts))
