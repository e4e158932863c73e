"""Filters of trials as conditions of a query, their order, and confirmed scores."""

import operator
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Float,
    ScalarSelect,
    Select,
    and_,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
    type_coerce,
)

from bertcl_tui.store.filters import ANYWHERE, Filter, NumberTerm, WordTerm
from bertcl_tui.store.trial_rows import Confirmation, Order, Ordered
from engine.arena.measuring import half_width
from engine.errors import EngineError, shown
from engine.store.racing import Race
from engine.store.runs import is_trial
from engine.store.schema import confirmation, run, tally
from engine.store.states import ENDED, LOST_AFTER, STALLED_AFTER, UNFINISHED, RunState

Repeated = tuple[int, RunState, float | None]
"""Seed, state and p of a run."""
_COMPARE: Final[dict[str, Callable[[ColumnElement[float], float], ColumnElement[bool]]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_RATE: Final = re.compile(r"lr\d+")
_again = run.alias("again")
_READABLE: Final = (run.c.note, run.c.label, run.c.reason, run.c.state)
"""What a word that stands alone is looked for in."""
_CHANGES_LATER: Final = {"confirmed", "mean_p", "marked", "note", ANYWHERE}
"""What others change of an ended trial."""


def confirmations(
    connection: Connection, study_id: int, until: float | None = None
) -> dict[int, Confirmation]:
    """Return what became of those trials of a study that were confirmed, by the trial's run id.

    ``until`` is a moment: runs that had not ended by then are left out.
    The first interval of all loads what the statistics need.
    """
    trial = run.alias("trial")
    # As a condition: joined, the trials would be gone through first, and they are many.
    of_study = (
        select(trial.c.id)
        .where(trial.c.id == confirmation.c.trial_id, trial.c.study_id == study_id)
        .exists()
    )
    query = (
        select(confirmation.c.trial_id, run.c.seed, run.c.state, run.c.p)
        .join(run, run.c.id == confirmation.c.run_id)
        .where(of_study, run.c.study_id.is_(None))
        .where(true() if until is None else run.c.finished_at <= until)
        .order_by(run.c.seed, run.c.id)
    )
    by_trial: defaultdict[int, list[Repeated]] = defaultdict(list)
    for trial_id, seed, state, p in connection.execute(query):
        by_trial[trial_id].append((seed, state, p))
    return {trial_id: _confirmation(runs) for trial_id, runs in by_trial.items()}


def confirmed_p() -> ScalarSelect[float]:
    """Return the mean p of a trial's complete repetitions, to sort trials by."""
    return _of_repetitions(func.avg(_again.c.p), _again.c.study_id.is_(None))


def mean_p() -> ColumnElement[float]:
    """Return the mean p of a trial over its seeds, to sort trials by."""
    raced = _again.c.study_id.is_not(None)
    total = _of_repetitions(func.coalesce(func.sum(_again.c.p), 0.0), raced)
    seeds = 1 + _of_repetitions(func.count(_again.c.p), raced)
    return cast((run.c.p + total) / seeds, Float)


def _of_repetitions(what: ColumnElement[Any], which: ColumnElement[bool]) -> ScalarSelect[Any]:
    return (
        select(what)
        .select_from(_again)
        .join(confirmation, confirmation.c.run_id == _again.c.id)
        .where(confirmation.c.trial_id == run.c.id, _again.c.state == "complete", which)
        .correlate(run)
        .scalar_subquery()
    )


def seeds_of(own: tuple[int, float | None], races: Sequence[Race]) -> Confirmation | None:
    """Return what a trial scored with its own seed and in its races; None: it has not raced."""
    if not races:
        return None
    again: list[Repeated] = [
        (race.seed, race.state, None if race.scores is None else race.scores.p) for race in races
    ]
    return _confirmation([(own[0], "complete", own[1]), *again])


def _confirmation(runs: list[Repeated]) -> Confirmation:
    scores = tuple((seed, p) for seed, state, p in runs if state == "complete" and p is not None)
    others = Counter(state for _, state, _ in runs if state != "complete")
    return Confirmation(
        scores=scores,
        half_width=half_width([p for _, p in scores]),
        others=tuple(others.items()),
    )


def fitting(
    connection: Connection, study_id: int, where: Filter, now: float
) -> ColumnElement[bool]:
    """Return the condition that a run is a trial of a study and fits."""
    of_study = run.c.study_id == study_id
    return and_(of_study, is_trial(), *(_condition(connection, term, now) for term in where))


def number_of(connection: Connection, field: str) -> ColumnElement[float]:
    """Return a number of a trial by its field.

    Raises:
        EngineError: it is neither stored nor has SQL here.
    """
    if field == "confirmed":
        return confirmed_p()
    if field == "mean_p":
        return mean_p()
    if field == "bwt":
        return run.c.p_o - run.c.p_o_before
    if not _RATE.fullmatch(field):
        return _stored(field)
    # SQLite reads JSON from a text as it is, and would make a number of it in a cast.
    as_json = type_coerce if connection.dialect.name == "sqlite" else cast
    rates = as_json(run.c.learning_rates, JSON)
    return cast(rates[int(field.removeprefix("lr"))].as_string(), Float)


def _stored(field: str) -> ColumnElement[Any]:
    if field not in run.c:
        raise EngineError(
            f"trials cannot be sorted or filtered by '{shown(field)}': it is not in the table of "
            "runs, and number_of in store/queries/conditions.py has no SQL for it"
        )
    return run.c[field]


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
    silent = not_(run.c.heartbeat_at.between(now - LOST_AFTER, now + LOST_AFTER))
    if state == "lost":
        return running & silent
    if state == "stalled":
        return running & not_(silent) & (run.c.progress_at < now - STALLED_AFTER)
    return run.c.state == state


def _mentions(field: str, word: str) -> ColumnElement[bool]:
    texts = _READABLE if field == ANYWHERE else (_stored(field),)
    return or_(*(func.coalesce(text, "").icontains(word, autoescape=True) for text in texts))


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
        now: the moment that states are of.
        where: what they fit.
        order: of the trials.
        limit: most that are asked for; what stands behind them is left out.
        before: an earlier answer for the study; what cannot have changed is not asked again.
    """
    going = _going(connection, study_id)
    last = (*sorted(going), *_last_ended(connection, study_id)) if limit is None else ()
    stamp = (where, order, *last)
    query = _ordered(connection, study_id, now, where, order)
    first = query.where(run.c.id.in_(going)).limit(limit)
    unfinished = _whole_numbers(connection, first)[0] if going else []
    if before is not None and stamp == before.stamp and not _changes_later(where, order):
        return Ordered(unfinished=unfinished, ended=before.ended, stamp=stamp)
    left = None if limit is None else max(0, limit - len(unfinished))
    # By number: the state is not in every index that a query for ended ones can do with.
    ended = query.where(run.c.number.not_in(going.values())) if going else query
    numbers, *_ = _whole_numbers(connection, ended.limit(left))
    return Ordered(unfinished=unfinished, ended=numbers, stamp=stamp)


def run_ids(connection: Connection, study_id: int) -> dict[int, int]:
    """Return the run of every trial of a study, by the trial's number."""
    query = select(run.c.number, run.c.id).where(run.c.study_id == study_id, is_trial())
    numbers, ids = _whole_numbers(connection, query)
    return dict(zip(numbers, ids, strict=True))


def _going(connection: Connection, study_id: int) -> dict[int, int]:
    """Return the trials that are not ended: their numbers by id."""
    # Of all studies: they are few, but in one study SQLite would go through all that are ended.
    columns = (run.c.id, run.c.number, run.c.study_id)
    query = select(*columns).where(run.c.state.in_(UNFINISHED), is_trial())
    return {row.id: row.number for row in connection.execute(query) if row.study_id == study_id}


def _ordered(
    connection: Connection, study_id: int, now: float, where: Filter, order: Order
) -> Select[Any]:
    # By id where equal: it grows as the number does, and stands in every index.
    keys = [_key(connection, each) for each in (order, *_second(order))]
    return (
        select(run.c.number)
        .where(fitting(connection, study_id, where, now))
        .order_by(*keys, run.c.id)
    )


def _second(order: Order) -> Iterator[Order]:
    """Yield by what trials are sorted that are alike in p: by what they forgot, the least best."""
    if order.field == "p":
        yield Order("forgetting", descending=not order.descending)


def _key(connection: Connection, order: Order) -> ColumnElement[Any]:
    field = order.field
    column = run.c[field] if field in run.c else number_of(connection, field)
    return (column.desc() if order.descending else column.asc()).nulls_last()


def _last_ended(connection: Connection, study_id: int) -> tuple[object, ...]:
    """Return what differs as soon as another trial is ended, or one is no longer."""
    counts = select(tally.c.state, tally.c.trials + tally.c.races).where(
        tally.c.study_id == study_id, tally.c.state.in_(ENDED)
    )
    latest = select(func.max(run.c.finished_at)).where(run.c.study_id == study_id)
    ended = connection.execute(counts.order_by(tally.c.state)).all()
    return (*map(tuple, ended), connection.execute(latest).scalar_one())


def _changes_later(where: Filter, order: Order) -> bool:
    asked = {order.field, *(term.field for term in where)}
    return not asked.isdisjoint(_CHANGES_LATER)


def _whole_numbers(connection: Connection, query: Select[Any]) -> list[list[int]]:
    """Return what a query of whole numbers finds, column by column."""
    columns = query.subquery().c
    if connection.dialect.name != "sqlite":
        rows = connection.execute(query).all()
        return [[row[place] for row in rows] for place in range(len(columns))]
    # As one text each: a row at a time, each would wait for the interpreter anew.
    texts = connection.execute(select(*map(func.json_group_array, columns))).one()
    return [msgspec.json.decode(text, type=list[int]) for text in texts]
