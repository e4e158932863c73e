"""Questions in SQL: what the views have, and that nothing is ever written."""

import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from engine.errors import EngineError, StorageError, UsageError
from engine.search.storage import open_storage
from engine.store.connection import Store, open_store
from engine.store.query import Answer, ask
from engine.store.schema import confusion, drift, probe, trace
from engine.store.views import VIEWS
from tests.postgres import PostgresServer
from tests.recorded import DONE, LIVE, PAUSED, recorded_store

ENDLESS = "SELECT count(*) FROM curves a, curves b, curves c, curves d"
BEGUN = f"{ENDLESS} WHERE pg_backend_pid() > 0"
"""It says that it has begun: a server lists it, and a file has such a function in the test."""
PATIENCE = 60.0
DOCUMENT = Path(__file__).parents[3] / "docs/query.md"


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """Return a recorded store in which Optuna has its tables too: one, as nothing changes it."""
    folder = tmp_path_factory.mktemp("asked")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("XDG_DATA_HOME", str(folder))
        url = str(folder / "studies.db")
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres")
            url = stack.enter_context(server.new_database())
        store = open_store(recorded_store(url))
        stack.callback(store.close)
        open_storage(store.url).engine.dispose()
        with store.writing() as connection:
            connection.execute(drift.insert().values(moved()))
            connection.execute(probe.insert().values(probed()))
            connection.execute(trace.insert().values(traced()))
            connection.execute(confusion.insert().values(counted()))
        yield store


def moved() -> dict[str, object]:
    return {"run_id": 1, "stage": 0, "place": 0, "layer": "embeddings", "drift": 0.25}


def probed() -> dict[str, object]:
    return {"run_id": 1, "stage": 0, "task": 0, "rows": 100, "score": 0.75}


def traced() -> dict[str, object]:
    return {"run_id": 1, "step": 4, "loss": 0.7, "ratios": "[-3.1,null]"}


def counted() -> dict[str, object]:
    labels, cells = '["rotten","fresh"]', "[[0,0,40],[0,1,10],[1,1,50]]"
    return {"run_id": 1, "stage": 1, "task": 0, "labels": labels, "cells": cells}


def as_dicts(answer: Answer) -> list[dict[str, object]]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def test_each_view_has_the_columns_that_are_said_of_it(store: Store) -> None:
    for view in VIEWS:
        answer = ask(store, f"SELECT * FROM {view.name} LIMIT 1")
        assert answer.columns == tuple(view.columns)
        assert answer.rows


def test_the_document_says_the_same_of_the_views() -> None:
    said = dict(re.findall(r"^## `(\w+)`(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.M | re.S))
    assert list(said) == [view.name for view in VIEWS]
    for view in VIEWS:
        rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", said[view.name], re.M)
        assert dict(rows) == dict(view.columns)


def test_ours_hide_the_tables_of_optuna_and_leave_them_be(store: Store) -> None:
    names = ask(store, "SELECT name, trials, complete, collapsed FROM studies ORDER BY id")
    assert names.rows == [(LIVE, 31, 24, 2), (DONE, 12, 10, 1), (PAUSED, 0, 0, 0)]
    schema = "main" if store.path is not None else "public"
    assert ask(store, f"SELECT count(*) AS n FROM {schema}.trials").rows == [(0,)]


def test_trials_and_curves_say_what_the_store_has(store: Store) -> None:
    (best,) = as_dicts(
        ask(store, "SELECT * FROM trials WHERE p IS NOT NULL ORDER BY p DESC, number LIMIT 1")
    )
    assert best["p"] == pytest.approx(best["p_o"] + best["p_s"])  # type: ignore[operator]
    tasks = ask(
        store,
        "SELECT DISTINCT place, task FROM curves WHERE study = 'sst2:mrpc' ORDER BY place",
    )
    assert tasks.rows == [(0, "sst2"), (1, "mrpc")]
    specs = ask(store, "SELECT method, preset, grouping, seed, races FROM studies WHERE id = 1")
    assert specs.rows == [("profile", "default", "paper", 0, 0)]


def test_recall_is_asked_of_the_counts(store: Store) -> None:
    answer = ask(
        store,
        "SELECT task, label, sum(CASE WHEN label = predicted THEN rows ELSE 0 END) * 1.0 "
        "/ sum(rows) AS recall FROM confusions WHERE run_id = 1 AND stage = 1 "
        "GROUP BY task, label ORDER BY recall",
    )
    assert answer.rows == [("rotten-tomatoes", "rotten", 0.8), ("rotten-tomatoes", "fresh", 1.0)]


def test_a_mean_is_a_number_in_any_database(store: Store) -> None:
    ((mean,),) = ask(store, "SELECT avg(number) FROM trials").rows
    assert not isinstance(mean, Decimal)
    assert mean == pytest.approx(12.349, abs=0.001)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO cl_log (at, level, text) VALUES (0, 'info', 'x')",
        "DELETE FROM cl_run",
        "DROP VIEW trials",
        "CREATE TABLE mine (a int)",
        "SELECT 1; DELETE FROM cl_run",
        "SELECT 1; SELECT 2",
        "/* SELECT */ UPDATE cl_study SET name = 'x'",
        "-- nothing",
        "BEGIN",
    ],
)
def test_what_does_more_than_read_is_refused_and_nothing_is_written(
    store: Store, statement: str
) -> None:
    with pytest.raises(UsageError, match="studies, trials, runs, curves, drift"):
        ask(store, statement)
    counts = "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM cl_log)"
    assert ask(store, counts).rows == [(43, 1)]
    assert ask(store, "SELECT name FROM studies WHERE id = 1").rows == [(LIVE,)]


BESIDES = (
    "PRAGMA journal_mode=DELETE",
    "PRAGMA query_only=0",
    "ATTACH DATABASE 'x.db' AS x",
    "VACUUM INTO 'x.db'",
    "SELECT load_extension('x')",
    "SELECT zeroblob(1000000000)",
)


def test_what_sqlite_can_besides_is_refused_and_no_byte_changes(tmp_path: Path) -> None:
    path = recorded_store(tmp_path / "studies.db")
    before = path.read_bytes()
    store = open_store(str(path), create=False)
    for statement in BESIDES:
        with pytest.raises(UsageError):
            ask(store, statement)
    assert ask(store, "SELECT count(*) FROM trials").rows == [(43,)]
    store.close()
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("x*"))


def test_on_a_server_data_that_a_query_would_change_stay(store: Store) -> None:
    if store.path is not None:
        pytest.skip("SQLite has no such statement")
    changing = "WITH gone AS (DELETE FROM cl_run RETURNING id) SELECT * FROM gone"
    for statement in (changing, f"EXPLAIN ANALYZE {changing}", "SELECT nextval('cl_run_id_seq')"):
        with pytest.raises(UsageError):
            ask(store, statement)
    assert ask(store, "SELECT count(*) FROM runs").rows == [(43,)]


@pytest.mark.parametrize(
    "statement", ["SELEC 1", "SELECT nothing FROM trials", "SELECT * FROM nowhere", "  ", "a\0b"]
)
def test_what_cannot_be_read_is_said_in_one_line(store: Store, statement: str) -> None:
    with pytest.raises(UsageError) as caught:
        ask(store, statement)
    assert "\n" not in str(caught.value)
    assert "NUL" in str(caught.value) or "curves" in str(caught.value)


@pytest.mark.parametrize("ends", ["pg_cancel_backend", "pg_terminate_backend"])
def test_what_a_server_ends_is_no_fault_of_the_question(store: Store, ends: str) -> None:
    if store.path is not None:
        pytest.skip("nobody else ends what SQLite does")
    with pytest.raises(StorageError, match=r"canceling statement|connection"):
        ask(store, f"SELECT {ends}(pg_backend_pid()), pg_sleep(60)")
    assert ask(store, "SELECT 1 AS one").rows == [(1,)]


def test_columns_of_one_name_are_told_apart(store: Store) -> None:
    assert ask(store, "SELECT 1 AS a, 2 AS a, 3 AS a").columns == ("a", "a_2", "a_3")


def test_no_more_rows_come_than_were_asked_for(store: Store) -> None:
    some = ask(store, "SELECT number FROM trials", rows=5)
    assert (len(some.rows), some.is_whole) == (5, False)
    assert ask(store, "SELECT number FROM trials", rows=43).is_whole


def test_a_question_without_end_is_given_up(store: Store) -> None:
    with pytest.raises(EngineError, match="no answer within"):
        ask(store, ENDLESS, seconds=0.05)
    assert ask(store, "SELECT 1 AS one").rows == [(1,)]


@contextmanager
def telling(store: Store) -> Iterator[Callable[[], object]]:
    """Yield what waits until BEGUN is being answered."""
    if store.path is None:
        with store.engine.connect() as connection:
            yield lambda: wait_for_query(connection)
        return
    begun = threading.Event()

    def begin() -> int:
        begun.set()
        return 1

    def add(driver: sqlite3.Connection, *_: object) -> None:
        driver.create_function("pg_backend_pid", 0, begin)

    event.listen(store.engine, "checkout", add)
    try:
        yield lambda: begun.wait(PATIENCE)
    finally:
        event.remove(store.engine, "checkout", add)


def wait_for_query(connection: Connection) -> None:
    """Wait until a server is at BEGUN, and nobody else's questions count."""
    running = text(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE :sql "
        "AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    until = time.monotonic() + PATIENCE
    while not connection.execute(running, {"sql": f"%{BEGUN}%"}).scalar_one():
        assert time.monotonic() < until
        connection.rollback()


def test_ctrl_c_takes_a_question_back(store: Store) -> None:
    here = threading.get_ident()
    with telling(store) as wait_until_begun:

        def interrupt() -> None:
            wait_until_begun()
            signal.pthread_kill(here, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            ask(store, BEGUN)
        thread.join()
    assert ask(store, "SELECT 1 AS one").rows == [(1,)]


def test_a_damaged_specification_is_said_in_one_line(tmp_path: Path) -> None:
    path = recorded_store(tmp_path / "studies.db")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE cl_study SET spec = '{' WHERE id = 1")
    connection.close()
    store = open_store(str(path), create=False)
    with pytest.raises(UsageError, match="malformed JSON"):
        ask(store, "SELECT * FROM studies")
    assert ask(store, "SELECT count(*) FROM trials").rows == [(43,)]
    store.close()
