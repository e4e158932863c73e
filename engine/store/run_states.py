"""The transitions of a run in the store: made, claimed, held, given back, ended, run once more.

The table of them is ``engine.store.states.TRANSITIONS``. One worker holds a running run, and every
write of that worker names it: one that comes too late is refused (``LeaseLostError``). A run whose
worker sent no heartbeat for ``LOST_AFTER`` seconds is orphaned; any worker may claim it and go on
from its last checkpoint.
"""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from engine.errors import DeletedError, UsageError
from engine.spec import RunSpec, sequence_name
from engine.store.clock import ClockWatch, now
from engine.store.connection import Store
from engine.store.leases import (
    KNOWN_TO_BE_DEAD,
    LeaseLostError,
    desired_of_held,
    device_asked,
    hold,
    look_for_runs,
    losses,
    may_share_first_stage,
    of_deleted_study,
    orphaned,
    taken_unheard,
    unheld,
    waits_for_first_stage,
)
from engine.store.racing import race_of
from engine.store.runs import (
    FirstStagesCounted,
    RunRecord,
    Scores,
    rates_json,
    record,
    spent_epochs,
)
from engine.store.schema import (
    confirmation,
    confusion,
    drift,
    log,
    measurement,
    probe,
    run,
    stage,
    study,
    trace,
    worker,
)
from engine.store.states import RETRIED, TRANSITIONS, UNFINISHED, Desired, RunState

_UNHELD: Final = {"worker_id": None, "rate": None, "tokens_rate": None}
"""What of a run is of the worker that holds it."""

# Made


def create_run(
    store: Store,
    spec: RunSpec,
    *,
    study_id: int | None = None,
    number: int | None = None,
    label: str | None = None,
    learning_rates: Sequence[float] | None = None,
    state: RunState = "queued",
    races: int | None = None,
) -> int:
    """Remember a new run and return its id; a worker takes it when it is queued.

    A trial is remembered once, and so is its race with a seed: another worker may have done so
    meanwhile. ``learning_rates`` are those that its method will learn with, where they are known
    by now; ``races`` is the run of the trial that it repeats within its study.

    Raises:
        DeletedError: the study is there no more.
    """
    with store.writing() as connection:
        desired: str | None = "running"
        if study_id is not None:
            of_study = select(study.c.desired).where(study.c.id == study_id)
            desired = connection.execute(of_study).scalar_one_or_none()
            if desired is None:
                raise DeletedError(f"study {study_id} was deleted")
            same = (run.c.study_id == study_id) & (run.c.number == number)
            if races is not None:
                same = race_of(races) & (run.c.seed == spec.seed)
            known = connection.execute(select(run.c.id).where(same)).scalar()
            if known is not None:
                return int(known)
        result = connection.execute(
            insert(run)
            .values(
                study_id=study_id,
                number=number,
                label=label,
                sequence=sequence_name(spec.sequence),
                method=spec.method,
                seed=spec.seed,
                spec=msgspec.json.encode(spec).decode(),
                learning_rates=rates_json(learning_rates or spec.learning_rates),
                state=state,
                desired=desired,
                created_at=now(),
            )
            .returning(run.c.id)
        )
        run_id = int(result.scalar_one())
        if races is not None:
            connection.execute(insert(confirmation).values(trial_id=races, run_id=run_id))
        return run_id


# Held by a worker


def claim_run(
    store: Store,
    worker_id: int,
    *,
    threads: int,
    devices: Collection[str] | None = None,
    clock: ClockWatch | None = None,
    study_id: int | None = None,
    known: Collection[int] | None = None,
) -> RunRecord | None:
    """Take a run that may be worked on: begun ones first, then the oldest queued one.

    A run whose first stage another one is learning waits for that; those that may share it come
    after those that cannot.

    Args:
        store: where runs are kept.
        worker_id: who takes it.
        threads: that it learns with from now on, if it has not begun with others.
        devices: those that the worker can use; what asks for another is left alone. None: all.
        clock: tells whether the store's clock can be believed; None: it can.
        study_id: whose trials alone are taken; None: any run.
        known: the runs that the worker knows it holds. Another one that it holds it took without
            hearing of it, as where a server was lost at the commit: that one is returned. None:
            there can be none.
    """
    look = look_for_runs(store, worker_id, known or ())
    steady = clock is None or clock.is_steady(look.moment)
    if not (look.to_take or look.to_obey):
        return None
    begun_first = case((run.c.state == "queued", 1), else_=0)
    query = (
        select(run)
        .where(run.c.desired == "running", unheld(steady=steady), ~waits_for_first_stage())
        .where(~of_deleted_study())
        .order_by(begun_first, may_share_first_stage(), run.c.id)
        .limit(1)
    )
    if study_id is not None:
        query = query.where(run.c.study_id == study_id)
    with store.writing() as connection:
        if look.to_obey:
            control_unheld(connection, steady=steady)
        if known is not None and (taken := taken_unheard(connection, worker_id, known)):
            return record(taken)
        if devices is not None:
            query = query.where(device_asked(connection).in_(devices))
        row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        connection.execute(
            update(run)
            .where(run.c.id == row.id)
            .values(
                state="running",
                worker_id=worker_id,
                heartbeat_at=now(),
                progress_at=now(),
                **(losses() if row.state == "running" else {}),
                threads=row.threads or threads,
                started_at=row.started_at or now(),
                reason=None,
            )
        )
        _set_worker_run(connection, worker_id, row.id)
        return record(connection.execute(select(run).where(run.c.id == row.id)).mappings().one())


def beat_for_run(store: Store, run_id: int, worker_id: int) -> None:
    """Write the heartbeat of a held run: its worker lives.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    with store.writing(alone=False) as connection:
        hold(connection, run_id, worker_id, heartbeat_at=now())


def desired_of(store: Store, run_id: int, worker_id: int) -> Desired:
    """Return what is desired of a held run; paused too where its worker is to rest or to end.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    found = desired_of_held(store, worker_id, run.c.id == run_id)
    if run_id not in found:
        raise LeaseLostError(f"run {run_id} is held by another worker")
    return found[run_id]


def note_checkpoint(store: Store, run_id: int, worker_id: int) -> None:
    """Remember that a held run got on: workers lost before this do not count against it."""
    with store.writing(alone=False) as connection:
        hold(connection, run_id, worker_id, attempts=0)


def note_learning_rates(store: Store, run_id: int, worker_id: int, rates: Sequence[float]) -> None:
    """Remember the rates with which a held run's method learns, one per choice."""
    with store.writing() as connection:
        hold(connection, run_id, worker_id, learning_rates=rates_json(rates))


def release_run(
    store: Store,
    run_id: int,
    worker_id: int,
    *,
    state: RunState,
    reason: str | None = None,
    busy_seconds: float,
) -> None:
    """Give an unfinished run back, ``paused`` or ``queued``, and say why where nobody asked for it.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    assert state in TRANSITIONS["release"].targets
    _let_go(store, run_id, worker_id, busy_seconds, state=state, reason=reason)


def finish_run(
    store: Store,
    run_id: int,
    worker_id: int,
    *,
    state: RunState,
    reason: str | None = None,
    scores: Scores | None = None,
    reported: Scores | None = None,
    busy_seconds: float = 0.0,
) -> None:
    """End a held run, with what it scored.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    assert state in TRANSITIONS["finish"].targets
    _let_go(
        store,
        run_id,
        worker_id,
        busy_seconds,
        state=state,
        reason=reason,
        finished_at=now(),
        **_score_columns("", scores, ("p", "p_o", "p_s", "p_o_before", "forgetting")),
        **_score_columns("reported_", reported, ("p", "p_o", "p_s")),
    )


def _let_go(
    store: Store, run_id: int, worker_id: int, busy_seconds: float, **values: object
) -> None:
    with store.writing() as connection:
        values |= {**_UNHELD, "busy_seconds": run.c.busy_seconds + busy_seconds}
        hold(connection, run_id, worker_id, **values)
        another = select(func.min(run.c.id)).where(run.c.worker_id == worker_id)
        _set_worker_run(connection, worker_id, another.scalar_subquery())


# Controlled by people


def control_run(store: Store, run_id: int, desired: Desired) -> None:
    """Set what is desired of one run; one without a living worker obeys at once."""
    with store.writing() as connection:
        control_runs(connection, run.c.id == run_id, desired)


def control_runs(connection: Connection, which: ColumnElement[bool], desired: Desired) -> None:
    """Set what is desired of unfinished runs, inside the caller's transaction."""
    unfinished = run.c.state.in_(UNFINISHED)
    connection.execute(update(run).where(which, unfinished).values(desired=desired))
    control_unheld(connection, steady=False, stop_lost=True)


def control_unheld(connection: Connection, *, steady: bool, stop_lost: bool = False) -> None:
    """Do what is desired of runs that no worker holds: stop them, or have orphaned ones paused.

    ``steady`` is as ``orphaned`` takes it; ``stop_lost``: what only seems lost may be stopped.
    """
    to_stop = unheld(steady=steady or stop_lost) & (run.c.desired == "stopped")
    connection.execute(
        update(run).where(to_stop).values(state="stopped", finished_at=now(), **_UNHELD)
    )
    to_pause = orphaned(steady=steady) & (run.c.desired == "paused")
    connection.execute(update(run).where(to_pause).values(state="paused", **losses(), **_UNHELD))


def orphan_runs(connection: Connection, worker_id: int) -> None:
    """Have the run of a worker that is gone orphaned at once, without waiting for its heartbeat."""
    mine = (run.c.worker_id == worker_id) & (run.c.state == "running")
    connection.execute(update(run).where(mine).values(heartbeat_at=KNOWN_TO_BE_DEAD))
    control_unheld(connection, steady=False)


def retry_run(store: Store, run_id: int) -> None:
    """Queue a run once more, as the same run: with its number, rates and seed, from its first step.

    What it measured is measured again; how it had ended stays in its log.

    Raises:
        UsageError: it is complete or not ended, or came from elsewhere.
        DeletedError: it is there no more.
    """
    query = (
        select(run, study.c.origin)
        .outerjoin_from(run, study, study.c.id == run.c.study_id)
        .where(run.c.id == run_id)
    )
    with store.writing() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise DeletedError(f"run {run_id} was deleted")
        ended = record(row)
        _refuse_retry(ended, row["origin"])
        # A first stage that others go on from too is there, and counts once in its study.
        is_shared = ended.study_id is not None and ended.spec.first_lr is not None
        first_stages: FirstStagesCounted = "none" if is_shared else "each"
        spent = spent_epochs(connection, run.c.id == run_id, first_stages=first_stages)
        connection.execute(
            update(run)
            .where(run.c.id == run_id)
            .values(
                state="queued",
                desired="running",
                reason=None,
                worker_id=None,
                attempts=0,
                lost_step=None,
                earlier_epochs=spent,
                first_stage=None,
                threads=None,
                step=0,
                steps=None,
                progress_at=None,
                started_at=None,
                finished_at=None,
            )
        )
        for table in (measurement, stage, drift, probe, trace, confusion):
            connection.execute(delete(table).where(table.c.run_id == run_id))
        why = f": {ended.reason}" if ended.reason else ""
        text = f"{ended.name} is run again; it had ended as {ended.state}{why}"
        connection.execute(insert(log).values(at=now(), level="info", run_id=run_id, text=text))


def _refuse_retry(ended: RunRecord, origin: str | None) -> None:
    if origin not in (None, "search"):
        raise UsageError(f"{ended.name} was imported ({origin}); only what was run here can be")
    if ended.state == "complete":
        raise UsageError(f"{ended.name} is complete; confirm runs it again with fresh seeds")
    if ended.state not in RETRIED:
        raise UsageError(f"{ended.name} is {ended.state}, so there is nothing to run again")


def _score_columns(
    prefix: str, scores: Scores | None, names: Sequence[str]
) -> dict[str, float | None]:
    return {} if scores is None else {f"{prefix}{name}": getattr(scores, name) for name in names}


def _set_worker_run(
    connection: Connection, worker_id: int, run_id: int | ScalarSelect[int]
) -> None:
    connection.execute(update(worker).where(worker.c.id == worker_id).values(run_id=run_id))
