"""Who holds a run, which runs must wait for one that is held, and who asks a study's sampler.

One worker holds a running run, and says so by its heartbeat. A run whose worker sent none for
``LOST_AFTER`` seconds, by the store's clock, is orphaned. Runs that begin alike learn their first
stage once: while a held run learns it, the others wait.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    RowMapping,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    type_coerce,
    update,
)

from engine.errors import EngineError
from engine.spec import run_name
from engine.store.clock import is_fresh, is_silent, now
from engine.store.connection import Store
from engine.store.schema import ended_early, run, study, worker
from engine.store.states import Desired

_PROPOSER_SECONDS: Final = 60.0
"""How long people are told that a worker asks the sampler, unless it is heard of again."""


_LEARNS_THE_SAME: Final = ", which learns the same first stage"

KNOWN_TO_BE_DEAD = 0.0
"""The heartbeat of a run whose worker has ended."""

other = run.alias("other")
"""Another run than the one that a condition is on."""


class LeaseLostError(EngineError):
    """Another worker holds the run now; what this one measured since is dropped."""


def held() -> ColumnElement[bool]:
    """Return the condition under which a living worker holds a run."""
    return (run.c.state == "running") & is_fresh(run.c.heartbeat_at)


def orphaned(*, steady: bool = True) -> ColumnElement[bool]:
    """Return the condition under which a run's worker has sent no heartbeat for too long.

    Args:
        steady: whether the store's clock can be believed; else the worker must be known to be dead.
    """
    lost = is_silent(run.c.heartbeat_at) if steady else run.c.heartbeat_at == KNOWN_TO_BE_DEAD
    return (run.c.state == "running") & lost


def unheld(*, steady: bool = True) -> ColumnElement[bool]:
    """Return the condition under which a run is not ended and no living worker holds it.

    Args:
        steady: as ``orphaned`` takes it.
    """
    waiting = run.c.state.in_(("queued", "paused")) & run.c.worker_id.is_(None)
    return or_(waiting, orphaned(steady=steady))


def of_deleted_study() -> ColumnElement[bool]:
    """Return the condition under which a run's study was deleted, so that it is let be."""
    return exists().where(study.c.id == run.c.study_id, study.c.deleted_at.is_not(None))


def has_orphans(store: Store) -> bool:
    """Whether a run that shall go on seems to have lost its worker."""
    wanted = (run.c.desired == "running") & ~of_deleted_study()
    query = select(run.c.id).where(wanted, orphaned()).limit(1)
    with store.reading() as connection:
        return connection.execute(query).first() is not None


def waits_for_first_stage() -> ColumnElement[bool]:
    """Return the condition under which a run's first stage is being learnt by another run."""
    same = (other.c.first_stage == run.c.first_stage) & (other.c.id != run.c.id)
    return exists().where(learns(), same)


def may_share_first_stage() -> ColumnElement[bool]:
    """Return the condition under which a run may begin as another does that is at its first stage.

    Whether it does is known only when its model and tasks were loaded; it must have the same seed,
    or be a trial of a study whose trials all begin alike.
    """
    same = run.c.study_id.is_(None) & (other.c.seed == run.c.seed)
    same_study = run.c.study_id == other.c.study_id
    return exists().where(learns(), other.c.first_stage.is_not(None), same | same_study)


def learns() -> ColumnElement[bool]:
    """Return the condition under which a living worker holds the other run."""
    return (other.c.state == "running") & is_fresh(other.c.heartbeat_at)


def losses() -> dict[str, ColumnElement[int]]:
    """Return what is remembered of a run whose worker was lost.

    What counts against the run is that workers die at the same step, and none gets any further.
    """
    got_further = or_(run.c.lost_step.is_(None), run.c.step > run.c.lost_step)
    is_the_same = run.c.step == run.c.lost_step
    return {
        "attempts": case((got_further, 1), (is_the_same, run.c.attempts + 1), else_=run.c.attempts),
        "lost_step": case((got_further, run.c.step), else_=run.c.lost_step),
    }


def device_asked(connection: Connection) -> ColumnElement[str]:
    """Return the device that a run asks for."""
    # SQLite reads JSON from a text as it is, and would make a number of it in a cast.
    as_json = type_coerce if connection.dialect.name == "sqlite" else cast
    device: ColumnElement[str] = as_json(run.c.spec, JSON)["device"].as_string()
    return func.coalesce(device, "auto")


def hold(connection: Connection, run_id: int, holder: int, **values: object) -> None:
    """Update a held run inside the caller's transaction.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    mine = (run.c.id == run_id) & (run.c.worker_id == holder)
    if connection.execute(update(run).where(mine).values(values)).rowcount != 1:
        raise LeaseLostError(f"run {run_id} is held by another worker")


class Look(NamedTuple):
    """What there may be to do about runs that no living worker holds."""

    moment: float
    to_take: bool
    to_obey: bool


def look_for_runs(store: Store, worker_id: int, known: Collection[int]) -> Look:
    """Look without keeping others off: mostly there is nothing to obey, or nothing at all."""
    to_take = or_(unheld() & (run.c.desired == "running"), unheard(worker_id, known))
    to_stop = unheld() & (run.c.desired == "stopped")
    to_pause = orphaned() & (run.c.desired == "paused")
    query = select(now(), exists().where(to_take), exists().where(or_(to_stop, to_pause)))
    with store.reading() as connection:
        return Look(*connection.execute(query).one())


def taken_unheard(
    connection: Connection, worker_id: int, known: Collection[int]
) -> RowMapping | None:
    """Return a run that a worker holds besides those it knows of, and hold it anew; None: none."""
    unknown = unheard(worker_id, known)
    found = connection.execute(select(run).where(unknown).limit(1)).mappings().one_or_none()
    if found is not None:
        connection.execute(update(run).where(unknown).values(heartbeat_at=now()))
    return found


def unheard(worker_id: int, known: Collection[int]) -> ColumnElement[bool]:
    """Return the condition under which a worker holds a run that it does not know of."""
    mine = (run.c.worker_id == worker_id) & (run.c.state == "running")
    return mine & run.c.id.not_in(known)


def desired_of_held(
    store: Store, worker_id: int, *which: ColumnElement[bool]
) -> dict[int, Desired]:
    """Return what is desired of each run of a worker.

    Paused where the worker is to rest or to end, or the study was deleted: it may be had back.
    """
    let_be = or_(worker.c.desired.is_distinct_from("running"), of_deleted_study())
    rests = (run.c.desired == "running") & let_be
    query = (
        select(run.c.id, run.c.desired, rests.label("rests"))
        .outerjoin_from(run, worker, worker.c.id == run.c.worker_id)
        .where(run.c.worker_id == worker_id, *which)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return {row.id: "paused" if row.rests else row.desired for row in rows}


def begin_first_stage(store: Store, run_id: int, worker_id: int, key: str) -> str | None:
    """Begin to learn a first stage that others share, unless another run is at it.

    Returns:
        What people call the run that is at it, which is to be waited for; None: it may be learnt
        now.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    at_it = (other.c.first_stage == key) & (other.c.id != run_id)
    named = select(other.c.id, other.c.study_id, other.c.number, other.c.label)
    with store.writing() as connection:
        found = connection.execute(named.where(learns(), at_it).limit(1)).one_or_none()
        hold(connection, run_id, worker_id, first_stage=key)
        return None if found is None else run_name(*found)


def waits_for_stage_of(name: str) -> str:
    """Return why a run does not go on whose first stage another one learns, as people call that."""
    return f"waits for {name}{_LEARNS_THE_SAME}"


def end_first_stage(store: Store, run_id: int, worker_id: int) -> None:
    """Remember that a run is through with its first stage, so that others need not wait."""
    mine = select(run.c.first_stage).where(run.c.id == run_id)
    with store.writing() as connection:
        key = connection.execute(mine).scalar_one_or_none()
        hold(connection, run_id, worker_id, first_stage=None)
        if key is None:
            return  # it took the stage over: nobody waits for this run
        waited = (run.c.first_stage == key) & run.c.reason.endswith(_LEARNS_THE_SAME)
        connection.execute(update(run).where(waited, unheld()).values(reason=None))


def has_trial_under_way(store: Store, study_id: int) -> bool:
    """Whether a living worker is at a trial of the study."""
    query = select(run.c.id).where(run.c.study_id == study_id, held()).limit(1)
    with store.reading() as connection:
        return connection.execute(query).first() is not None


def learns_first_stage(store: Store, study_id: int) -> bool:
    """Whether a trial is at the stage that all trials of the study go on from.

    A race, which has no number, has another one, and nobody but races waits for that.
    """
    # Summed so that SQLite does not take the index of numbers, and look at all trials.
    is_trial = (other.c.number + 0).is_not(None)
    of_study = (other.c.study_id == study_id) & is_trial
    at_it = of_study & other.c.first_stage.is_not(None)
    with store.reading() as connection:
        return connection.execute(select(other.c.id).where(learns(), at_it)).first() is not None


def any_under_way(store: Store) -> bool:
    """Whether a run is held, or was by somebody who may be lost: time alone may free it."""
    query = select(run.c.id).where(run.c.state == "running").limit(1)
    with store.reading() as connection:
        return connection.execute(query).first() is not None


def any_waits_for_first_stage(store: Store) -> bool:
    """Whether a run will be there to be claimed when another is through with its first stage."""
    wanted = (run.c.desired == "running") & unheld() & ~of_deleted_study()
    query = select(run.c.id).where(wanted, waits_for_first_stage()).limit(1)
    with store.reading() as connection:
        return connection.execute(query).first() is not None


def become_proposer(store: Store, study_id: int, worker_id: int) -> bool:
    """Take the study's one seat for asking the sampler; False when another worker has it.

    It is free when its worker is known to be dead, or has sent no heartbeat for too long.
    """
    to_be_had = _seat_is_free() | (study.c.proposer_id == worker_id)
    until = now() + _PROPOSER_SECONDS
    # Why it ended, or why it is paused: somebody may only be telling the sampler of an end.
    kept = case((ended_early() | (study.c.desired != "running"), study.c.reason))
    values = {"proposer_id": worker_id, "proposer_until": until, "reason": kept}
    with store.writing() as connection:
        query = update(study).where(study.c.id == study_id, to_be_had).values(values)
        return connection.execute(query).rowcount == 1


def any_seat_is_free(store: Store, study_ids: Collection[int]) -> bool:
    """Whether nobody asks the sampler of one of these studies; those who wait for it ask this."""
    query = select(study.c.id).where(study.c.id.in_(study_ids), _seat_is_free()).limit(1)
    with store.reading() as connection:
        return connection.execute(query).first() is not None


def _seat_is_free() -> ColumnElement[bool]:
    holder = (
        select(worker.c.id)
        .where(worker.c.id == study.c.proposer_id, worker.c.ended_at.is_(None))
        .where(is_fresh(worker.c.heartbeat_at))
    )
    return study.c.proposer_id.is_(None) | ~holder.exists()


def is_proposer(store: Store, study_id: int, worker_id: int) -> bool:
    """Whether the worker still has the seat: not if it was taken for dead meanwhile."""
    mine = (study.c.id == study_id) & (study.c.proposer_id == worker_id)
    with store.reading() as connection:
        return connection.execute(select(study.c.id).where(mine)).first() is not None


def leave_proposer(store: Store, study_id: int, worker_id: int) -> None:
    """Give the seat back."""
    mine = (study.c.id == study_id) & (study.c.proposer_id == worker_id)
    with store.writing() as connection:
        connection.execute(update(study).where(mine).values(proposer_id=None, proposer_until=None))
