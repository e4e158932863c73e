"""Verbs for how far each layer of a run has moved."""

import time
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import delete, insert, select

from engine.store.connection import Store
from engine.store.leases import hold
from engine.store.schema import drift


class DriftRecord(Struct, frozen=True, kw_only=True):
    """How far a layer was, at the end of a stage, from where the run began."""

    stage: int
    place: int
    """0: embeddings; 1..n: layers; n + 1: heads."""
    layer: str
    drift: float
    """Norm of the change over norm of the beginning."""


def record_drift(store: Store, run_id: int, worker_id: int, items: Sequence[DriftRecord]) -> None:
    """Remember how far the layers of a held run were at the end of stages.

    What a resumed run measures again replaces what stood there.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    stages = {item.stage for item in items}
    rows = [
        {
            "run_id": run_id,
            "stage": item.stage,
            "place": item.place,
            "layer": item.layer,
            "drift": item.drift,
        }
        for item in items
    ]
    with store.writing() as connection:
        hold(connection, run_id, worker_id, heartbeat_at=time.time())
        connection.execute(delete(drift).where(drift.c.run_id == run_id, drift.c.stage.in_(stages)))
        connection.execute(insert(drift), rows)


def drift_of(store: Store, run_id: int) -> list[DriftRecord]:
    """Return how far a run's layers were, by stage and from the embeddings up."""
    query = select(drift).where(drift.c.run_id == run_id)
    with store.reading() as connection:
        return [
            DriftRecord(stage=row.stage, place=row.place, layer=row.layer, drift=row.drift)
            for row in connection.execute(query.order_by(*drift.primary_key.columns))
        ]
