"""What is kept of what rows were taken for."""

import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from engine.store.confusions import ConfusionRecord, confusions_of
from engine.store.connection import Store, open_store
from engine.store.leases import LeaseLostError
from engine.store.measurements import record_stage_end
from engine.store.run_states import claim_run
from engine.store.schema import run
from tests.engine.store.conftest import new_worker, older_store, run_spec


def counted(stage: int, task: int, *cells: tuple[int, int, int]) -> ConfusionRecord:
    return ConfusionRecord(stage=stage, task=task, labels=("no", "yes"), cells=cells)


def test_counts_come_back_by_stage_and_task(store: Store, held: tuple[int, int]) -> None:
    first, later = counted(0, 0, (0, 0, 9), (1, 1, 4)), counted(1, 0, (0, 1, 9), (1, 1, 4))
    other = ConfusionRecord(
        stage=1, task=1, labels=("gleich", "日本", "«no»"), cells=((2, 0, 1_000_000),)
    )
    record_stage_end(store, *held, confusions=[other, later])
    record_stage_end(store, *held, confusions=[first])
    assert confusions_of(store, held[0]) == [first, later, other]


def test_a_stage_that_ends_again_puts_its_counts_in_their_place(
    store: Store, held: tuple[int, int]
) -> None:
    first, again = counted(0, 0, (0, 0, 9)), [counted(1, 0, (0, 1, 2)), counted(1, 1, (1, 1, 3))]
    record_stage_end(store, *held, confusions=[first])
    record_stage_end(store, *held, confusions=[counted(1, 0, (0, 0, 1)), again[1]])
    record_stage_end(store, *held, confusions=again)
    assert confusions_of(store, held[0]) == [first, *again]


def test_a_worker_that_lost_the_run_keeps_nothing(store: Store, held: tuple[int, int]) -> None:
    other = new_worker(store, pid=200)
    with pytest.raises(LeaseLostError):
        record_stage_end(store, held[0], other, confusions=[counted(0, 0, (0, 0, 1))])
    assert confusions_of(store, held[0]) == []


def test_a_run_of_a_store_of_before_has_none_and_is_given_some(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with older_store(path, "0018") as connection:
        spec = msgspec.json.encode(run_spec()).decode()
        connection.execute(
            insert(run).values(
                id=1,
                sequence="sst2:mrpc",
                method="flat",
                seed=0,
                spec=spec,
                state="queued",
                desired="running",
                created_at=time.time(),
            )
        )
    with closing(open_store(str(path))) as store:
        assert confusions_of(store, 1) == []
        worker = new_worker(store)
        claimed = claim_run(store, worker, threads=1)
        assert claimed is not None
        record_stage_end(store, 1, worker, confusions=[counted(0, 0, (0, 0, 1))])
        assert confusions_of(store, 1) == [counted(0, 0, (0, 0, 1))]
