"""What rows of a run's tasks were taken for at the ends of its stages."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select

from engine.store.column_types import WrongValueError
from engine.store.connection import Store
from engine.store.schema import confusion


class ConfusionRecord(Struct, frozen=True, kw_only=True):
    """A task at the end of a stage, on the rows that score trials."""

    stage: int
    task: int
    """Place in the sequence."""
    labels: tuple[str, ...]
    """Names of the classes, in the order of their indices."""
    cells: tuple[tuple[int, int, int], ...]
    """Those that have rows: the right class, the predicted one, and how many rows."""


def keep_confusions(
    connection: Connection, run_id: int, confusions: Sequence[ConfusionRecord]
) -> None:
    """Remember these; what a resumed run measures again replaces what stood there."""
    again = confusion.c.stage.in_({item.stage for item in confusions})
    connection.execute(delete(confusion).where(confusion.c.run_id == run_id, again))
    rows = [
        {
            "run_id": run_id,
            "stage": item.stage,
            "task": item.task,
            "labels": _written(item.labels),
            "cells": _written(item.cells),
        }
        for item in confusions
    ]
    connection.execute(insert(confusion), rows)


def confusions_of(store: Store, run_id: int) -> list[ConfusionRecord]:
    """Return what was counted of a run, by stage and task."""
    query = select(confusion).where(confusion.c.run_id == run_id)
    with store.reading() as connection:
        rows = connection.execute(query.order_by(*confusion.primary_key.columns))
        return [_record(row) for row in rows]


def _record(row: Row[Any]) -> ConfusionRecord:
    labels = msgspec.json.decode(row.labels, type=tuple[str, ...])
    cells = msgspec.json.decode(row.cells, type=tuple[tuple[int, int, int], ...])
    known = range(len(labels))
    for right, predicted, _ in cells:
        if right not in known or predicted not in known:
            raise WrongValueError(f"run {row.run_id} has counts of a class that it has not")
    return ConfusionRecord(stage=row.stage, task=row.task, labels=labels, cells=cells)


def _written(value: object) -> str:
    return msgspec.json.encode(value).decode()
