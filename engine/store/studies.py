"""Verbs for studies."""

import time
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import UsageError
from engine.spec import StudySpec
from engine.store.budget import spending_of
from engine.store.connection import Store
from engine.store.orphaned import settle_orphaned
from engine.store.schema import run, study
from engine.store.states import ENDED, Desired

PROPOSER_SECONDS = 60.0
"""How long a worker may take to ask the sampler before another one may."""
_MOST_NAMED = 5
"""Studies, the newest, in the message that there is none of a name."""


class StudyRecord(Struct, frozen=True, kw_only=True):
    """A study as it stands in the store."""

    id: int
    name: str
    spec: StudySpec
    origin: str
    trials: int
    """Target of the study."""
    desired: Desired
    reason: str | None
    created_at: float


def create_study(
    store: Store, spec: StudySpec, *, origin: str = "search", desired: Desired = "running"
) -> int:
    """Remember a new study and return its id.

    Raises:
        UsageError: there is one of that name.
    """
    with store.writing() as connection:
        return insert_study(connection, spec, origin=origin, desired=desired)


def insert_study(
    connection: Connection, spec: StudySpec, *, origin: str, desired: Desired = "running"
) -> int:
    """Remember a new study inside the caller's transaction and return its id.

    Raises:
        UsageError: there is one of that name.
    """
    now = time.time()
    query = (
        insert(study)
        .values(
            name=spec.name,
            sequence=spec.title(),
            data=spec.data,
            model=spec.model,
            spec=msgspec.json.encode(spec).decode(),
            origin=origin,
            trials=spec.search.trials,
            desired=desired,
            desired_at=now,
            created_at=now,
        )
        .returning(study.c.id)
    )
    try:
        return int(connection.execute(query).scalar_one())
    except IntegrityError:
        raise UsageError(
            f"there is a study named '{spec.name}'; choose another with --name"
        ) from None


def find_study(store: Store, name: str) -> StudyRecord:
    """Return the study of that name, or the only one whose name begins so.

    Raises:
        UsageError: there is none, or more than one.
    """
    with store.reading() as connection:
        rows = connection.execute(select(study).order_by(study.c.id)).mappings().all()
    exact = [row for row in rows if row["name"] == name]
    matches = exact or [row for row in rows if row["name"].startswith(name)]
    if not matches:
        known = ", ".join(row["name"] for row in rows[-_MOST_NAMED:])
        known = known or "none yet; start one with search"
        if len(rows) > _MOST_NAMED:
            known += f" and {len(rows) - _MOST_NAMED} more"
        raise UsageError(f"no study named '{name}'; there is {known}")
    if len(matches) > 1:
        names = ", ".join(row["name"] for row in matches)
        raise UsageError(f"'{name}' fits several studies ({names}); write one in full")
    return _record(matches[0])


def get_study(store: Store, study_id: int) -> StudyRecord:
    """Return the study of that id."""
    with store.reading() as connection:
        return _record(
            connection.execute(select(study).where(study.c.id == study_id)).mappings().one()
        )


def free_name(store: Store, wanted: str) -> str:
    """Return ``wanted``, or ``wanted-2``, ``wanted-3`` … where that is taken."""
    with store.reading() as connection:
        taken = set(connection.execute(select(study.c.name)).scalars())
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


def control_study(store: Store, study_id: int, desired: Desired, reason: str | None = None) -> None:
    """Say what is wanted of a study and of its unfinished runs.

    Workers obey within a step, and runs without a living worker at once.
    """
    now = time.time()
    unfinished = (run.c.study_id == study_id) & run.c.state.not_in(ENDED)
    with store.writing() as connection:
        connection.execute(
            update(study)
            .where(study.c.id == study_id)
            .values(desired=desired, desired_at=now, reason=reason)
        )
        connection.execute(update(run).where(unfinished).values(desired=desired))
        settle_orphaned(connection, now)


def studies_wanting_trials(store: Store) -> Sequence[int]:
    """Return the ids of running searches below their target of trials and within their budget."""
    trials = select(run.c.study_id, func.count().label("count")).group_by(run.c.study_id).subquery()
    query = (
        select(study.c.id, study.c.spec)
        .outerjoin(trials, trials.c.study_id == study.c.id)
        .where(study.c.desired == "running", study.c.origin == "search")
        .where(func.coalesce(trials.c.count, 0) < study.c.trials)
        .order_by(func.coalesce(trials.c.count, 0), study.c.id)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
        return [row.id for row in rows if not _spent(connection, row.id, row.spec)]


def become_proposer(store: Store, study_id: int, worker_id: int) -> bool:
    """Take the study's one seat for asking the sampler; False when another worker has it."""
    now = time.time()
    free = case((study.c.proposer_until.is_(None), 0.0), else_=study.c.proposer_until) < now
    values = {"proposer_id": worker_id, "proposer_until": now + PROPOSER_SECONDS}
    mine = study.c.proposer_id == worker_id
    with store.writing() as connection:
        query = update(study).where(study.c.id == study_id, free | mine).values(values)
        return connection.execute(query).rowcount == 1


def leave_proposer(store: Store, study_id: int, worker_id: int) -> None:
    """Give the seat back."""
    mine = (study.c.id == study_id) & (study.c.proposer_id == worker_id)
    with store.writing() as connection:
        connection.execute(update(study).where(mine).values(proposer_id=None, proposer_until=None))


def _spent(connection: Connection, study_id: int, spec: str) -> bool:
    budget = msgspec.json.decode(spec, type=StudySpec).search.budget_epochs
    return budget is not None and spending_of(connection, study_id, budget).over


def _record(row: RowMapping) -> StudyRecord:
    return StudyRecord(
        id=row["id"],
        name=row["name"],
        spec=msgspec.json.decode(row["spec"], type=StudySpec),
        origin=row["origin"],
        trials=row["trials"],
        desired=row["desired"],
        reason=row["reason"],
        created_at=row["created_at"],
    )
