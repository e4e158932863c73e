"""Verb for what a run knew at the end of each of its stages."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select

from engine.store.connection import Store
from engine.store.measurements import Split
from engine.store.schema import measurement, stage

Rows = tuple[tuple[float, ...], ...]
"""Row i has the accuracies on the tasks known after stage i, in the sequence's order."""


def end_accuracies(store: Store, run_ids: Collection[int], split: Split) -> dict[int, Rows]:
    """Return the accuracies of these runs at the ends of the stages that are over."""
    query = (
        select(measurement.c.run_id, measurement.c.stage, measurement.c.accuracy)
        .join(
            stage,
            (stage.c.run_id == measurement.c.run_id)
            & (stage.c.stage == measurement.c.stage)
            & (stage.c.last_step == measurement.c.step),
        )
        .where(measurement.c.run_id.in_(run_ids), measurement.c.split == split)
        .order_by(measurement.c.run_id, measurement.c.stage, measurement.c.task)
    )
    found: defaultdict[int, defaultdict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with store.reading() as connection:
        for row in connection.execute(query):
            found[row.run_id][row.stage].append(row.accuracy)
    return {
        run_id: tuple(tuple(row) for _, row in sorted(stages.items()))
        for run_id, stages in found.items()
    }
