"""Deleting studies: hidden at once, gone after a minute, till then to be had back.

A hidden study keeps its rows as they are, so that having it back is one word: its worker gives its
trials back at a checkpoint, nobody takes one of them or proposes another, and no list has it.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Select,
    delete,
    exists,
    func,
    inspect,
    select,
    update,
)

from engine.errors import EngineError, UsageError, shown
from engine.store.clock import now
from engine.store.connection import Store
from engine.store.leases import held
from engine.store.places import FIRST_STAGES, place_of, run_folder
from engine.store.schema import log, run, study
from engine.store.states import UNDO_SECONDS

_OPTUNA_STUDIES, _OPTUNA_TRIALS = "studies", "trials"


def hide_studies(store: Store, study_ids: Collection[int]) -> None:
    """Delete studies, for now only from sight; ``purge`` does the rest after ``UNDO_SECONDS``.

    One that is being worked on is let go of within a step.
    """
    these = study.c.id.in_(study_ids) & study.c.deleted_at.is_(None)
    with store.writing() as connection:
        moment = connection.execute(select(now())).scalar_one()  # one for all, whatever the clock
        connection.execute(update(study).where(these).values(deleted_at=moment))


def restore_latest(store: Store) -> Sequence[str]:
    """Have back, as they were, the studies that were deleted last; return their names.

    Raises:
        UsageError: none can be had back any more.
    """
    latest = select(func.max(study.c.deleted_at)).scalar_subquery()
    with store.writing() as connection:
        hidden = select(study.c.id, study.c.name).where(study.c.deleted_at == latest)
        found = connection.execute(hidden.order_by(study.c.id)).all()
        if not found:
            raise UsageError("no deleted study can be had back: after a minute they are gone")
        these = study.c.id.in_([row.id for row in found])
        connection.execute(update(study).where(these).values(deleted_at=None))
    return [row.name for row in found]


def purge(store: Store, *, after: float = UNDO_SECONDS) -> Sequence[int]:
    """Delete for good what was hidden so many seconds ago; return the ids of these studies.

    A study that a living worker still holds stays hidden until the next time.
    """
    is_due = study.c.deleted_at <= now() - after
    at_work = exists().where(run.c.study_id == study.c.id, held())
    with store.reading() as connection:
        due = connection.execute(select(study.c.id).where(is_due, ~at_work)).scalars().all()
    gone = []
    for study_id in due:
        with suppress(UsageError):  # a worker took it back just now
            delete_study(store, study_id)
            gone.append(study_id)
    return gone


def delete_study(store: Store, study_id: int) -> None:
    """Delete a study with its trials, measurements, log and checkpoints, if there is one.

    Raises:
        UsageError: a worker is at one of its trials.
    """
    with store.writing() as connection:
        name = connection.execute(select(study.c.name).where(study.c.id == study_id)).scalar()
        if name is None:
            return
        run_ids = delete_rows(connection, study_id, name)
    with suppress(EngineError):  # what stays is found by workers when they tidy up
        place = place_of(store)
        for run_id in run_ids:
            place.discard(run_folder(run_id))
        for kept in place.files(FIRST_STAGES):
            if kept.path.name.startswith(f"study-{study_id}-"):
                place.delete(kept.path)


def delete_rows(connection: Connection, study_id: int, name: str) -> Sequence[int]:
    """Delete all rows of a study inside the caller's transaction; return the ids of its runs.

    Raises:
        UsageError: a worker is at one of its trials.
    """
    _refuse_if_held(connection, study_id, name)
    runs = select(run.c.id).where(run.c.study_id == study_id)
    run_ids = connection.execute(runs).scalars().all()
    connection.execute(delete(log).where(log.c.run_id.in_(runs)))
    connection.execute(delete(study).where(study.c.id == study_id))
    _delete_from_optuna(connection, name)
    return run_ids


def is_shown() -> ColumnElement[bool]:
    """Return the condition under which a study was not deleted."""
    return study.c.deleted_at.is_(None)


def _refuse_if_held(connection: Connection, study_id: int, name: str) -> None:
    query = select(run.c.id).where(run.c.study_id == study_id, held()).limit(1)
    if connection.execute(query).scalar() is not None:
        raise UsageError(f"study '{shown(name)}' is being worked on; stop it first, then delete it")


def _delete_from_optuna(connection: Connection, name: str) -> None:
    if not inspect(connection).has_table(_OPTUNA_STUDIES):
        return
    tables = MetaData()
    tables.reflect(connection, only=lambda table, _: not table.startswith("cl_"))
    studies, trials = tables.tables[_OPTUNA_STUDIES], tables.tables[_OPTUNA_TRIALS]
    ids = select(studies.c.study_id).where(studies.c.study_name == name)
    trial_ids = select(trials.c.trial_id).where(trials.c.study_id.in_(ids))
    for table in reversed(tables.sorted_tables):
        owner: tuple[Column[int], Select[tuple[int]]] | None = None
        if "study_id" in table.c:
            owner = table.c.study_id, ids
        elif "trial_id" in table.c:
            owner = table.c.trial_id, trial_ids
        if owner is not None:
            column, owned = owner
            connection.execute(delete(table).where(column.in_(owned)))
