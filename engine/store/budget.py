"""What runs have cost, in training epochs."""

from sqlalchemy import ColumnElement, Connection, Float, case, cast, func, select

from engine.spec.search import Spending
from engine.store.schema import run, stage


def spending_of(connection: Connection, study_id: int, budget: float) -> Spending:
    """Return how far a study is through its budget."""
    spent = spent_epochs(connection, run.c.study_id == study_id)
    return Spending(spent=spent, budget=budget)


def spent_epochs(connection: Connection, runs: ColumnElement[bool]) -> float:
    """Return the epochs that runs have trained, whatever became of them, up to their last step.

    An epoch is one pass over the training rows of one stage; a stage that was left half way counts
    by its steps. Runs that were imported without their steps count nothing.

    Args:
        connection: to the store.
        runs: a condition on ``cl_run``, such as ``run.c.study_id == 3``.
    """
    taken = run.c.step - stage.c.first_step
    steps = stage.c.last_step - stage.c.first_step
    share = case((taken <= 0, 0.0), (taken >= steps, 1.0), else_=cast(taken, Float) / steps)
    query = (
        select(func.coalesce(func.sum(share * stage.c.epochs), 0.0))
        .join_from(run, stage, stage.c.run_id == run.c.id)
        .where(runs)
    )
    return float(connection.execute(query).scalar_one())
