"""Trials of a study: a sorted and filtered window, and what the charts need of all."""

import operator
from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Float,
    Row,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    type_coerce,
)

from bertcl_tui.filters import Filter, NumberTerm, WordTerm
from bertcl_tui.queries.confirmations import confirmations, confirmed_p
from bertcl_tui.queries.unfinished import state_of, with_holder
from bertcl_tui.rows import BY_P, Confirmation, Order, Scored, TrialRow, TrialWindow
from engine.store.schema import run
from engine.store.states import LOST_AFTER, STALLED_AFTER, UNFINISHED

_COMPARE: Final[dict[str, Callable[[ColumnElement[float], float], ColumnElement[bool]]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_MOST_SCORED: Final = 2000
"""Trials that a chart of all trials shows, the best ones."""


def window(
    connection: Connection,
    study_id: int,
    now: float,
    *,
    where: Filter = (),
    order: Order = BY_P,
    limit: int | None = None,
) -> TrialWindow:
    """Return the first trials of an order; those that are not ended come before all others."""
    of_study = run.c.study_id == study_id
    fitting = and_(of_study, *(_condition(connection, term, now) for term in where))
    first = select(run.c.id).where(fitting).order_by(*_ordering(order)).limit(limit)
    query = with_holder().where(run.c.id.in_(first)).order_by(*_ordering(order))
    rows = _trial_rows(connection, query, study_id, now)
    total = _count(connection, of_study)
    matching = len(rows) if limit is None or len(rows) < limit else _count(connection, fitting)
    return TrialWindow(rows=rows, matching=matching if where else total, total=total)


def chosen(
    connection: Connection, study_id: int, numbers: Collection[int], now: float
) -> tuple[TrialRow, ...]:
    """Return these trials of a study by number."""
    query = with_holder().where(run.c.study_id == study_id, run.c.number.in_(numbers))
    return _trial_rows(connection, query.order_by(run.c.number), study_id, now)


def scored(connection: Connection, study_id: int) -> tuple[Scored, ...]:
    """Return what the complete trials of a study got and with which rates, best first."""
    query = (
        select(run)
        .where(run.c.study_id == study_id, run.c.state == "complete", run.c.p.is_not(None))
        .order_by(run.c.p.desc(), run.c.number)
        .limit(_MOST_SCORED)
    )
    return tuple(
        Scored(
            run_id=row.id,
            number=row.number,
            label=row.label,
            p=row.p,
            p_o=row.p_o,
            p_s=row.p_s,
            learning_rates=_rates(row.learning_rates),
        )
        for row in connection.execute(query)
    )


def _trial_rows(
    connection: Connection, query: Select[Any], study_id: int, now: float
) -> tuple[TrialRow, ...]:
    confirmed = confirmations(connection, study_id)
    rows = connection.execute(query)
    return tuple(_trial_row(row, now, confirmed.get(row.id)) for row in rows)


def _trial_row(row: Row[Any], now: float, confirmed: Confirmation | None) -> TrialRow:
    """Read a run's row with its holder's columns."""
    return TrialRow(
        run_id=row.id,
        number=row.number,
        label=row.label,
        state=state_of(row, now),
        desired=row.desired,
        reason=row.reason,
        p=row.p,
        p_o=row.p_o,
        p_s=row.p_s,
        learning_rates=_rates(row.learning_rates),
        step=row.step,
        steps=row.steps,
        rate=row.rate,
        tokens_rate=row.tokens_rate,
        busy_seconds=row.busy_seconds,
        confirmation=confirmed,
    )


def _rates(text: str | None) -> tuple[float, ...]:
    return msgspec.json.decode(text, type=tuple[float, ...]) if text else ()


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(run).where(condition)
    return int(connection.execute(query).scalar_one())


def _ordering(order: Order) -> list[ColumnElement[Any]]:
    column = confirmed_p() if order.column == "confirmed" else run.c[order.column]
    unfinished_first = case((run.c.state.in_(UNFINISHED), 0), else_=1)
    direction = column.desc() if order.descending else column.asc()
    # By id where equal: it grows as the number does, and stands in every index.
    return [unfinished_first, column.is_(None), direction, run.c.id.asc()]


def _condition(
    connection: Connection, term: NumberTerm | WordTerm, now: float
) -> ColumnElement[bool]:
    if isinstance(term, NumberTerm):
        return _COMPARE[term.operator](_number(connection, term.field), term.value)
    if term.field == "state":
        found = or_(*(_in_state(word, now) for word in term.words))
    else:
        found = or_(false(), *(_mentions(word) for word in term.words))
    return found if term.operator == "=" else not_(found)


def _number(connection: Connection, field: str) -> ColumnElement[float]:
    if not field.startswith("lr"):
        return run.c[field]
    # SQLite reads JSON from a text as it is, and would make a number of it in a cast.
    as_json = type_coerce if connection.dialect.name == "sqlite" else cast
    rates = as_json(run.c.learning_rates, JSON)
    return cast(rates[int(field.removeprefix("lr"))].as_string(), Float)


def _in_state(state: str, now: float) -> ColumnElement[bool]:
    running = run.c.state == "running"
    silent = run.c.heartbeat_at < now - LOST_AFTER
    if state == "lost":
        return running & silent
    if state == "stalled":
        return running & not_(silent) & (run.c.progress_at < now - STALLED_AFTER)
    return run.c.state == state


def _mentions(word: str) -> ColumnElement[bool]:
    texts = (run.c.label, run.c.reason, run.c.state)
    return or_(*(func.coalesce(text, "").icontains(word, autoescape=True) for text in texts))
