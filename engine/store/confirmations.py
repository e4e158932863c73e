"""Verbs for runs that repeat a trial with a seed of their own."""

from collections import defaultdict

from sqlalchemy import insert, select

from engine.store.connection import Store
from engine.store.runs import RunRecord, record
from engine.store.schema import confirmation, run


def confirm_trial(store: Store, trial_id: int, run_id: int) -> None:
    """Remember that a run repeats a trial; saying so again changes nothing.

    Args:
        store: where both are.
        trial_id: the id of the trial's own run.
        run_id: the run with another seed.
    """
    known = (confirmation.c.trial_id == trial_id) & (confirmation.c.run_id == run_id)
    with store.writing() as connection:
        if connection.execute(select(confirmation).where(known)).first() is None:
            connection.execute(insert(confirmation).values(trial_id=trial_id, run_id=run_id))


def confirmations_of(store: Store, study_id: int) -> dict[int, list[RunRecord]]:
    """Return the runs that repeat trials of a study, by the id of the trial's own run."""
    trial = run.alias("trial")
    query = (
        select(run, confirmation.c.trial_id)
        .join(confirmation, confirmation.c.run_id == run.c.id)
        .join(trial, trial.c.id == confirmation.c.trial_id)
        .where(trial.c.study_id == study_id)
        .order_by(run.c.seed, run.c.id)
    )
    found: defaultdict[int, list[RunRecord]] = defaultdict(list)
    with store.reading() as connection:
        for row in connection.execute(query).mappings():
            found[row["trial_id"]].append(record(row))
    return dict(found)
