"""Verbs for what was measured while a run went on."""

import time
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, tuple_

from engine.store.connection import Store
from engine.store.leases import hold
from engine.store.schema import measurement, stage

Split = Literal["retention", "search", "validation"]


class StageRecord(Struct, frozen=True, kw_only=True):
    """Where a stage lies in its run; steps are counted over all stages."""

    stage: int
    task: str
    first_step: int
    last_step: int
    epochs: int | None = None
    """None: not known."""


class MeasurementRecord(Struct, frozen=True, kw_only=True):
    """Accuracy on one task of the sequence after a step."""

    step: int
    stage: int
    task: int
    split: Split
    accuracy: float
    loss: float | None = None


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is."""

    step: int
    steps: int
    rate: float | None = None
    """Steps per second."""
    tokens_rate: float | None = None
    """Tokens per second, without padding."""


def record_stages(store: Store, run_id: int, worker_id: int, stages: Sequence[StageRecord]) -> None:
    """Remember the plan of a held run; the same plan again changes nothing."""
    rows = [{"run_id": run_id, **_values(item)} for item in stages]
    with store.writing() as connection:
        hold(connection, run_id, worker_id, steps=stages[-1].last_step)
        connection.execute(delete(stage).where(stage.c.run_id == run_id))
        connection.execute(insert(stage), rows)


def record_progress(
    store: Store,
    run_id: int,
    worker_id: int,
    progress: Progress,
    measurements: Sequence[MeasurementRecord] = (),
) -> None:
    """Remember how far a held run is and what was measured since the last time.

    What a resumed run measures again replaces what stood there.

    Raises:
        LeaseLostError: another worker holds the run.
    """
    now = time.time()
    with store.writing() as connection:
        hold(
            connection,
            run_id,
            worker_id,
            step=progress.step,
            steps=progress.steps,
            rate=progress.rate,
            tokens_rate=progress.tokens_rate,
            progress_at=now,
            heartbeat_at=now,
        )
        if measurements:
            _replace(connection, run_id, measurements)


def measurements_of(
    store: Store, run_id: int, split: Split | None = None
) -> list[MeasurementRecord]:
    """Return a run's measurements by step, task and split."""
    query = select(measurement).where(measurement.c.run_id == run_id)
    if split is not None:
        query = query.where(measurement.c.split == split)
    with store.reading() as connection:
        return [
            MeasurementRecord(
                step=row.step,
                stage=row.stage,
                task=row.task,
                split=row.split,
                accuracy=row.accuracy,
                loss=row.loss,
            )
            for row in connection.execute(query.order_by(*measurement.primary_key.columns))
        ]


def stages_of(store: Store, run_id: int) -> list[StageRecord]:
    """Return a run's stages in order."""
    query = select(stage).where(stage.c.run_id == run_id).order_by(stage.c.stage)
    with store.reading() as connection:
        return [
            StageRecord(
                stage=row.stage,
                task=row.task,
                first_step=row.first_step,
                last_step=row.last_step,
                epochs=row.epochs,
            )
            for row in connection.execute(query)
        ]


def _replace(connection: Connection, run_id: int, items: Sequence[MeasurementRecord]) -> None:
    key = tuple_(measurement.c.step, measurement.c.task, measurement.c.split)
    keys = [(item.step, item.task, item.split) for item in items]
    connection.execute(delete(measurement).where(measurement.c.run_id == run_id, key.in_(keys)))
    connection.execute(insert(measurement), [{"run_id": run_id, **_values(item)} for item in items])


def _values(item: Struct) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__struct_fields__}
