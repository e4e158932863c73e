"""Which trials of a study fit, in which order: numbers only, so that a long study costs little."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, func, select

from bertcl_tui.store.filters import Filter, NumberTerm
from bertcl_tui.store.queries.conditions import fitting, number_of
from bertcl_tui.store.rows import Order, Ordered
from engine.store.schema import run
from engine.store.states import UNFINISHED

_CHANGES_LATER: Final = "confirmed"
"""The one number of an ended trial that others change."""


def ordered(
    connection: Connection,
    study_id: int,
    now: float,
    where: Filter,
    order: Order,
    *,
    limit: int | None = None,
    before: Ordered | None = None,
) -> Ordered:
    """Return the numbers of the trials that fit; those that are not ended come first.

    Args:
        connection: to the store.
        study_id: of the study.
        now: the moment that states are told for.
        where: what they fit.
        order: of the trials.
        limit: most that are wanted; what stands behind them is left out.
        before: an earlier answer for the study; what cannot have changed is not asked again.
    """
    going = _going(connection, study_id)
    last = (*sorted(going), *_last_ended(connection, study_id)) if limit is None else ()
    stamp = (where, order, *last)
    query = _ordered(connection, study_id, now, where, order)
    first = query.where(run.c.id.in_(going)).limit(limit)
    unfinished = _numbers(connection, first) if going else []
    if before is not None and stamp == before.stamp and not _changes_later(where, order):
        return Ordered(unfinished=unfinished, ended=before.ended, stamp=stamp)
    left = None if limit is None else max(0, limit - len(unfinished))
    # By number: the state is not in every index that a query for ended ones can do with.
    ended = query.where(run.c.number.not_in(going.values())) if going else query
    return Ordered(
        unfinished=unfinished, ended=_numbers(connection, ended.limit(left)), stamp=stamp
    )


def run_ids(connection: Connection, study_id: int) -> dict[int, int]:
    """Return the run of every trial of a study, by the trial's number."""
    query = select(run.c.number, run.c.id).where(run.c.study_id == study_id)
    return {row.number: row.id for row in connection.execute(query)}


def _going(connection: Connection, study_id: int) -> dict[int, int]:
    """Return the trials that are not ended: their numbers by id."""
    # Of all studies: they are few, but in one study SQLite would go through all that are ended.
    query = select(run.c.id, run.c.number, run.c.study_id).where(run.c.state.in_(UNFINISHED))
    return {row.id: row.number for row in connection.execute(query) if row.study_id == study_id}


def _ordered(
    connection: Connection, study_id: int, now: float, where: Filter, order: Order
) -> Select[Any]:
    field = order.field
    column = run.c[field] if field in run.c else number_of(connection, field)
    direction = column.desc() if order.descending else column.asc()
    # By id where equal: it grows as the number does, and stands in every index.
    return (
        select(run.c.number)
        .where(fitting(connection, study_id, where, now))
        .order_by(direction.nulls_last(), run.c.id)
    )


def _last_ended(connection: Connection, study_id: int) -> tuple[object, ...]:
    """Return what differs as soon as another trial is ended, or one is no longer."""
    query = select(func.count(run.c.finished_at), func.max(run.c.finished_at))
    return tuple(connection.execute(query.where(run.c.study_id == study_id)).one())


def _changes_later(where: Filter, order: Order) -> bool:
    asked = {order.field, *(term.field for term in where if isinstance(term, NumberTerm))}
    return _CHANGES_LATER in asked


def _numbers(connection: Connection, query: Select[Any]) -> list[int]:
    if connection.dialect.name != "sqlite":
        return list(connection.scalars(query))
    # As one text: a row at a time, each would wait for the interpreter anew.
    inner = query.subquery()
    text = connection.execute(select(func.json_group_array(inner.c.number))).scalar_one()
    return msgspec.json.decode(text, type=list[int])
