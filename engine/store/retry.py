"""Verb for runs that ended without a result and shall be run once more."""

import time
from typing import Final

from sqlalchemy import RowMapping, delete, insert, select, update

from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.schema import drift, log, measurement, run, stage, study
from engine.store.states import RunState

RETRIED: Final[tuple[RunState, ...]] = ("pruned", "collapsed", "stopped", "failed")
"""States that a run can be taken out of."""


def retry_run(store: Store, run_id: int) -> None:
    """Queue a run once more, as the same run: with its number, rates and seed, from its first step.

    What it measured is measured again; how it had ended stays in its log.

    Raises:
        UsageError: it is complete or not ended, or came from elsewhere.
    """
    query = (
        select(run.c.number, run.c.state, run.c.reason, study.c.origin)
        .outerjoin_from(run, study, study.c.id == run.c.study_id)
        .where(run.c.id == run_id)
    )
    with store.writing() as connection:
        row = connection.execute(query).mappings().one()
        _refuse(row, run_id)
        connection.execute(
            update(run)
            .where(run.c.id == run_id)
            .values(
                state="queued",
                desired="running",
                reason=None,
                worker_id=None,
                attempts=0,
                threads=None,
                step=0,
                steps=None,
                progress_at=None,
                started_at=None,
                finished_at=None,
            )
        )
        for table in (measurement, stage, drift):
            connection.execute(delete(table).where(table.c.run_id == run_id))
        why = f": {row['reason']}" if row["reason"] else ""
        text = f"{_name(row, run_id)} is run again; it had ended as {row['state']}{why}"
        connection.execute(
            insert(log).values(at=time.time(), level="info", run_id=run_id, text=text)
        )


def _refuse(row: RowMapping, run_id: int) -> None:
    name = _name(row, run_id)
    if row["origin"] not in (None, "search"):
        raise UsageError(f"{name} was imported ({row['origin']}); only what was run here can be")
    if row["state"] == "complete":
        raise UsageError(f"{name} is complete; confirm runs it again with fresh seeds")
    if row["state"] not in RETRIED:
        raise UsageError(f"{name} is {row['state']}, so there is nothing to run again")


def _name(row: RowMapping, run_id: int) -> str:
    return f"run {run_id}" if row["number"] is None else f"#{row['number']}"
