"""Runs of a recorded store once more with other seeds, with their curves a little moved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from engine.store.connection import open_store
from engine.store.schema import confirmation, measurement, run, stage


def race(path: Path, trial_id: int, moved: Sequence[float]) -> list[int]:
    """Let a trial have raced; return the races' ids.

    Args:
        path: of the store.
        trial_id: the trial's own run.
        moved: by how much the accuracies of each race are above the trial's.
    """
    store = open_store(str(path))
    with store.writing() as connection:
        ids = [
            _again(connection, trial_id, seed, off) for seed, off in enumerate(moved, start=7_001)
        ]
        connection.execute(
            insert(confirmation), [{"trial_id": trial_id, "run_id": each} for each in ids]
        )
    store.close()
    return ids


def follow(path: Path, run_ids: Sequence[int], like: int, moved: Sequence[float]) -> None:
    """Give runs of which nothing was followed the curves of another, each moved by so much."""
    store = open_store(str(path))
    with store.writing() as connection:
        for run_id, off in zip(run_ids, moved, strict=True):
            _copy(connection, measurement, like, run_id, off)
    store.close()


def _again(connection: Connection, run_id: int, seed: int, off: float) -> int:
    row = dict(connection.execute(select(run).where(run.c.id == run_id)).mappings().one())
    again = row | {"number": None, "seed": seed, "label": f"again #{row['number']}", "id": None}
    made = connection.execute(insert(run).values(again)).inserted_primary_key
    assert made is not None
    for table in (stage, measurement):
        _copy(connection, table, run_id, made[0], off)
    return int(made[0])


def _copy(connection: Connection, table: Table, of: int, to: int, off: float) -> None:
    def moved(row: dict[str, Any]) -> dict[str, Any]:
        accuracy = {"accuracy": row["accuracy"] + off} if "accuracy" in row else {}
        return row | {"run_id": to} | accuracy

    rows = connection.execute(select(table).where(table.c.run_id == of)).mappings()
    connection.execute(insert(table), [moved(dict(row)) for row in rows])
