"""Trials of a study: a sorted and filtered window, and what the charts need of all."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, select, true

from bertcl_tui.store.filters import Filter
from bertcl_tui.store.queries.conditions import confirmations, fitting, ordered, seeds_of
from bertcl_tui.store.queries.runs import read_rates, state_of, with_holder
from bertcl_tui.store.trial_rows import BY_P, Confirmation, Order, Scored, TrialRow, TrialWindow
from engine.store.racing import Race, races_of
from engine.store.runs import is_trial
from engine.store.schema import run, tally

_AT_ONCE: Final = 10_000
"""Numbers in one query."""
_AS_STORED: Final = tuple(
    name
    for name in TrialRow.__struct_fields__
    if name in run.c and name not in {"state", "learning_rates"}
)
"""What a row has as the store has it."""
_COLUMNS: Final = (
    run.c.id,
    run.c.state,
    run.c.learning_rates,
    run.c.heartbeat_at,
    run.c.progress_at,
    *(run.c[name] for name in _AS_STORED),
)
_MOST_SCORED: Final = 10_000
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
    numbers = ordered(connection, study_id, now, where, order, limit=limit).numbers[:limit]
    rows = chosen(connection, study_id, numbers, now)
    trials = select(func.coalesce(func.sum(tally.c.trials), 0))
    total = connection.execute(trials.where(tally.c.study_id == study_id)).scalar_one()
    matching = len(rows)
    if limit is not None and len(rows) == limit:
        matching = _count(connection, fitting(connection, study_id, where, now)) if where else total
    return TrialWindow(rows=rows, matching=matching, total=total)


def chosen(
    connection: Connection,
    study_id: int,
    numbers: Sequence[int],
    now: float,
    until: float | None = None,
) -> tuple[TrialRow, ...]:
    """Return these trials of a study, in the order of the numbers.

    Args:
        connection: to the store.
        study_id: of the study.
        numbers: of the trials.
        now: the moment that states are of.
        until: a moment by which they, and runs of them with other seeds, had ended; None: any.
    """
    found: dict[int, TrialRow] = {}
    confirmed = confirmations(connection, study_id, until)
    races = races_of(connection, study_id, until)
    for first in range(0, len(numbers), _AT_ONCE):
        some = numbers[first : first + _AT_ONCE]
        query = with_holder(_COLUMNS).where(run.c.study_id == study_id, run.c.number.in_(some))
        query = query if until is None else query.where(run.c.finished_at <= until)
        for row in connection.execute(query):
            found[row.number] = _trial_row(row, now, confirmed.get(row.id), races.get(row.id, ()))
    return tuple(found[number] for number in numbers if number in found)


def scored(connection: Connection, study_id: int, until: float | None = None) -> tuple[Scored, ...]:
    """Return what the complete trials of a study got and with which rates, best first.

    ``until`` is a moment by which they had ended; None: any.
    """
    query = (
        select(
            run.c.id,
            run.c.number,
            run.c.label,
            run.c.p,
            run.c.p_o,
            run.c.p_s,
            run.c.learning_rates,
        )
        .where(run.c.study_id == study_id, is_trial())
        .where(run.c.state == "complete", run.c.p.is_not(None))
        .where(true() if until is None else run.c.finished_at <= until)
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
            learning_rates=read_rates(row.learning_rates),
        )
        for row in connection.execute(query).all()
    )


def _trial_row(
    row: Row[Any], now: float, confirmed: Confirmation | None, races: Sequence[Race]
) -> TrialRow:
    """Read a run's row with its holder's columns."""
    return TrialRow(
        run_id=row.id,
        state=state_of(row, now),
        learning_rates=read_rates(row.learning_rates),
        confirmation=confirmed,
        raced=seeds_of((row.seed, row.p), races),
        **{name: getattr(row, name) for name in _AS_STORED},
    )


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(run).where(condition)
    return int(connection.execute(query).scalar_one())
