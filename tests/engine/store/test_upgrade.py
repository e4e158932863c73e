"""A store that an earlier version wrote is brought up to date, with everything in it."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import msgspec
import pytest
from sqlalchemy import delete, insert, select

from bertcl_tui.store.reader import Reader
from engine.spec import Source
from engine.store.connection import open_store
from engine.store.measurements import stages_of
from engine.store.run_states import create_run
from engine.store.runs import enter_run, entries, get_run, trials_of
from engine.store.schema import REVISIONS, VERSION_TABLE, entry, log, measurement, run, stage, study
from engine.store.studies import create_study, find_study
from tests.engine.store.conftest import older_store, run_spec, study_spec, without_privileges


@pytest.fixture
def first_schema(tmp_path: Path) -> Path:
    """Return a store of schema 0001 with a study of two trials, one of them at work."""
    path = tmp_path / "old.db"
    with older_store(path, "0001") as connection:
        spec, now = study_spec("old"), time.time()
        connection.execute(
            insert(study).values(
                id=1,
                name="old",
                sequence=spec.title(),
                data=spec.data,
                model=spec.model,
                spec=msgspec.json.encode(spec).decode(),
                origin="search",
                trials=3,
                desired="running",
                desired_at=now,
                created_at=now,
            )
        )
        for number, state in enumerate(("complete", "running")):
            trial = spec.trial(number, (1e-5, 1e-5))
            connection.execute(
                insert(run).values(
                    id=number + 1,
                    study_id=1,
                    number=number,
                    sequence=spec.title(),
                    method=trial.method,
                    seed=trial.seed,
                    spec=msgspec.json.encode(trial).decode(),
                    state=state,
                    desired="running",
                    heartbeat_at=now,
                    created_at=now,
                )
            )
        connection.execute(
            insert(stage).values(run_id=1, stage=0, task="sst2", first_step=0, last_step=9)
        )
        for run_id, said in ((1, "complete"), (7, "deleted since")):
            connection.execute(insert(log).values(at=now, level="info", run_id=run_id, text=said))
    return path


def test_it_is_brought_up_to_date_when_it_is_written_and_not_before(first_schema: Path) -> None:
    before = first_schema.read_bytes()
    store, reader = open_store(str(first_schema), create=False), Reader(str(first_schema))
    try:
        assert find_study(store, "old").trials == 3
        assert [row.name for row in reader.studies()] == ["old"]
        assert first_schema.read_bytes() == before
        assert list(first_schema.parent.iterdir()) == [first_schema]
        create_study(store, study_spec("new"))
        assert find_study(store, "old").trials == 3
        assert [row.name for row in reader.studies()] == ["old", "new"]
    finally:
        reader.close()
        store.close()


def test_threads_bring_stores_up_to_date_side_by_side(first_schema: Path) -> None:
    paths = [first_schema.with_name(f"old-{number}.db") for number in range(6)]
    for path in paths:
        shutil.copy(first_schema, path)
    together = Barrier(len(paths))

    def name_of_study(path: Path) -> str:
        together.wait()
        with closing(open_store(str(path))) as store:
            return find_study(store, "old").name

    with ThreadPoolExecutor(len(paths)) as pool:
        assert list(pool.map(name_of_study, paths)) == ["old"] * len(paths)


def test_what_was_in_the_store_stays_in_it(first_schema: Path) -> None:
    store = open_store(str(first_schema))
    try:
        trials = trials_of(store, find_study(store, "old").id)
        assert [(trial.number, trial.state) for trial in trials] == [
            (0, "complete"),
            (1, "running"),
        ]
        with store.reading() as connection:
            version = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}")
            assert version.scalar_one() == REVISIONS[-1]
        (learnt,) = stages_of(store, trials[0].id)
        assert (learnt.task, learnt.followed) == ("sst2", None)
        enter_run(store, trials[0].id, "combined", Source())
        assert [entry.entrant for entry in entries(store)] == ["combined"]
    finally:
        store.close()


def test_runs_with_ewc_say_which_fisher_they_have(tmp_path: Path) -> None:
    """It was drawn before there was a choice, and now it is exact unless told otherwise."""
    path = tmp_path / "old.db"
    with older_store(path, "0013") as connection:
        for number, (method, row) in enumerate(
            [
                ("flat", "flat-tuned"),
                ("ewc-task", "ewc-task@2e-5,rows=64"),
                ("ewc-mlm", "ewc-mlm@2e-5"),
            ]
        ):
            spec = msgspec.structs.replace(run_spec(), method=method, options={"lr": 2e-5})
            connection.execute(
                insert(run).values(
                    id=number + 1,
                    sequence="sst2:mrpc",
                    method=method,
                    seed=0,
                    spec=msgspec.json.encode(spec).decode(),
                    state="complete",
                    desired="running",
                    created_at=time.time(),
                )
            )
            connection.execute(insert(entry).values(run_id=number + 1, entrant=row, source="{}"))
    with closing(open_store(str(path))) as store:
        found = {item.entrant: item.run.spec.options for item in entries(store)}
    known = {"lr": 2e-5, "fisher": "sampled", "penalty": "coupled"}
    assert found == {
        "flat-tuned": {"lr": 2e-5},
        "ewc-task@2e-5,fisher=sampled,rows=64": known,
        "ewc-mlm@2e-5": known,
    }


def test_what_runs_forgot_is_read_off_what_was_measured_at_the_ends_of_their_stages(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old.db"
    matrices: dict[int, dict[tuple[int, int], float]] = {
        1: {(0, 0): 0.9, (1, 0): 0.7, (1, 1): 0.8},
        2: {(0, 0): 0.9, (1, 0): 0.95, (1, 1): 0.8, (2, 0): 0.6, (2, 1): 0.85, (2, 2): 0.7},
        3: {(0, 0): 0.7, (0, 1): 0.8},  # all at once
        4: {(1, 0): 0.7, (1, 1): 0.8},  # imported, without what was there before
    }
    with older_store(path, "0015") as connection:
        for number, matrix in matrices.items():
            spec = msgspec.json.encode(run_spec()).decode()
            connection.exec_driver_sql(
                "INSERT INTO cl_run (id, sequence, method, seed, spec, state, desired, created_at, "
                "attempts, step, busy_seconds, p, p_o, p_s) "
                "VALUES (?, 'a:b', 'flat', 0, ?, 'complete', 'running', 0, 0, 0, 0, 1.5, 0.7, 0.8)",
                (number, spec),
            )
            for place in {place for place, _ in matrix}:
                learnt = {"task": "t", "first_step": 10 * place, "last_step": 10 * (place + 1)}
                connection.execute(insert(stage).values(run_id=number, stage=place, **learnt))
            for (place, task), accuracy in matrix.items():
                for split, less in (("search", 0.0), ("retention", 0.3)):
                    known = {"step": 10 * (place + 1), "stage": place, "task": task}
                    connection.execute(
                        insert(measurement).values(
                            run_id=number, split=split, accuracy=accuracy - less, **known
                        )
                    )
    with closing(open_store(str(path))) as store:
        found = {number: get_run(store, number) for number in matrices}
    assert found[1].p_o_before == 0.9
    assert found[1].forgetting == pytest.approx(0.2)
    assert found[2].p_o_before == pytest.approx(0.85)
    assert found[2].forgetting == pytest.approx((0.35 - 0.05) / 2)
    for number in (3, 4):
        assert (found[number].p_o_before, found[number].forgetting) == (None, None)


def test_ids_are_counted_on_from_what_was_ever_there(first_schema: Path) -> None:
    store = open_store(str(first_schema))
    try:
        with store.reading() as connection:
            assert connection.execute(select(log.c.text)).scalars().all() == ["complete"]
            assert not connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        assert create_run(store, run_spec()) == 8
        with store.writing() as connection:
            connection.execute(delete(run).where(run.c.id == 1))
            assert not connection.execute(select(stage)).all(), "keys are enforced again"
    finally:
        store.close()


def test_an_older_store_that_cannot_be_written_is_looked_at_as_it_would_be(
    first_schema: Path, folder_of_anyone: Path
) -> None:
    path = folder_of_anyone / "old.db"
    shutil.copy(first_schema, path)
    before = path.read_bytes()
    path.chmod(0o444)
    folder_of_anyone.chmod(0o555)
    with without_privileges():
        store = open_store(str(path), create=False)
        assert [trial.number for trial in trials_of(store, find_study(store, "old").id)] == [0, 1]
        store.close()
    assert path.read_bytes() == before
