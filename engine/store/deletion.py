"""Forgetting a study, here and in Optuna's tables beside ours."""

import shutil
import time

from sqlalchemy import Column, Connection, MetaData, Select, delete, inspect, select

from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.schema import run, study
from engine.store.states import LOST_AFTER

_OPTUNA_STUDIES, _OPTUNA_TRIALS = "studies", "trials"


def delete_study(store: Store, study_id: int) -> None:
    """Delete a study with its trials, measurements and checkpoints. There may be none of that id.

    Raises:
        UsageError: a worker is at one of its trials.
    """
    with store.writing() as connection:
        name = connection.execute(select(study.c.name).where(study.c.id == study_id)).scalar()
        if name is None:
            return
        _refuse_if_held(connection, study_id, name)
        of_study = run.c.study_id == study_id
        run_ids = connection.execute(select(run.c.id).where(of_study)).scalars().all()
        connection.execute(delete(study).where(study.c.id == study_id))
        _delete_from_optuna(connection, name)
    for run_id in run_ids:
        shutil.rmtree(store.folder / f"run-{run_id}", ignore_errors=True)


def _refuse_if_held(connection: Connection, study_id: int, name: str) -> None:
    living = (run.c.state == "running") & (run.c.heartbeat_at > time.time() - LOST_AFTER)
    query = select(run.c.id).where(run.c.study_id == study_id, living).limit(1)
    if connection.execute(query).scalar() is not None:
        raise UsageError(f"study '{name}' is being worked on; stop it first, then delete it")


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
