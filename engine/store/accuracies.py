"""Verb for what a run knew at the end of each of its stages."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select

from engine.store.connection import Store
from engine.store.measurements import Split
from engine.store.schema import measurement, stage

EndAccuracies = dict[tuple[int, int], float]
"""a[i, j] is the accuracy on task j at the end of stage i, where that was measured."""


def end_accuracies(
    store: Store, run_ids: Collection[int], split: Split
) -> dict[int, EndAccuracies]:
    """Return the accuracies of these runs at the ends of the stages that are over."""
    of_these = measurement.c.run_id.in_(run_ids)
    query = (
        select(measurement)
        .join(
            stage,
            (stage.c.run_id == measurement.c.run_id)
            & (stage.c.stage == measurement.c.stage)
            & (stage.c.last_step == measurement.c.step),
        )
        .where(of_these, measurement.c.split == split)
        .order_by(*measurement.primary_key.columns)
    )
    found: defaultdict[int, EndAccuracies] = defaultdict(dict)
    with store.reading() as connection:
        for row in connection.execute(query):
            found[row.run_id][row.stage, row.task] = row.accuracy
    return dict(found)
