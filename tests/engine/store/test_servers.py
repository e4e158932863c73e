"""What a server does that a file does not: several write at once, and it restarts meanwhile."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import TypeVar

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select

import engine.store.servers
from bertcl_tui.cli.main import run as run_command_line
from engine.errors import StorageError, UsageError
from engine.spec import Source
from engine.store.connection import Store, open_store
from engine.store.measurements import MeasurementRecord, Progress, measurements_of, record_progress
from engine.store.run_states import claim_run, create_run
from engine.store.runs import confirm_trial, confirmations_of, enter_run, entries, get_run
from engine.store.schema import REVISIONS, VERSION_TABLE, metadata, run
from engine.store.studies import create_study, find_study
from engine.store.workers import Telemetry, beat_for_worker, write_log
from engine.work.patience import Patience
from tests.engine.store.conftest import new_study, new_trial, new_worker, run_spec, study_spec
from tests.postgres import GUARDED, PASSWORD, PostgresServer

AT_ONCE = 6
SHORTER = "ix_cl_run_sorted"
"""An index that has fewer columns on a server."""

Value = TypeVar("Value")


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def server_store(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = open_store(postgres.emptied_store())
    yield store
    store.close()


def all_at_once(do: Callable[[], Value]) -> list[Value]:
    """Let threads do the same at the same moment, each with a connection that is there already."""
    barrier = Barrier(AT_ONCE)

    def do_one(_: int) -> Value:
        barrier.wait(60)
        return do()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(do_one, range(AT_ONCE)))


# Its tables


def test_those_who_open_a_new_database_at_once_make_its_tables_once(database: str) -> None:
    for store in all_at_once(lambda: open_store(database)):
        with store.reading() as connection:
            options = {"version_table": VERSION_TABLE, "compare_type": True}
            context = MigrationContext.configure(connection, opts=options)
            assert context.get_current_revision() == REVISIONS[-1]
            # A table's index is gone, and another made, where it has other columns.
            changes = [index.name for _, index in compare_metadata(context, metadata)]
            assert changes == [SHORTER] * 2
        store.close()


def test_what_is_beyond_32_bits_fits_in(store: Store) -> None:
    much = Telemetry(cpu_percent=1.0, memory_bytes=2**40, gpu_memory_bytes=2**41)
    beat_for_worker(store, new_worker(store), much)
    seeded = msgspec.structs.replace(run_spec(), seed=2**40)
    assert get_run(store, create_run(store, seeded)).spec.seed == 2**40


def test_the_rates_of_a_model_of_many_layers_fit_in(store: Store) -> None:
    rates = tuple(1e-5 / (3 + layer) for layer in range(300))
    assert get_run(store, create_run(store, run_spec(rates))).learning_rates == rates


def test_a_line_of_the_log_may_have_any_letter(store: Store) -> None:
    write_log(store, "info", "a\0b \udcff")
    with store.reading() as connection:
        said = connection.exec_driver_sql("SELECT text FROM cl_log").scalar_one()
    assert said == r"a\x00b \udcff"


# Several at once


def test_what_is_read_in_one_look_is_of_one_moment(store: Store) -> None:
    count = select(func.count()).select_from(run)
    with store.reading() as connection:
        before = connection.execute(count).scalar_one()
        create_run(store, run_spec())
        assert connection.execute(count).scalar_one() == before
    with store.reading() as connection:
        assert connection.execute(count).scalar_one() == before + 1


def test_what_is_said_by_several_at_once_is_remembered_once(store: Store) -> None:
    study_id = new_study(store)
    assert set(all_at_once(lambda: new_worker(store))) == {1}
    (trial,) = set(all_at_once(lambda: new_trial(store, study_id, 0)))
    again = create_run(store, run_spec())
    all_at_once(lambda: confirm_trial(store, trial, again))
    assert [item.id for item in confirmations_of(store, study_id)[trial]] == [again]
    all_at_once(lambda: enter_run(store, again, "flat", Source()))
    assert [entry.run.id for entry in entries(store)] == [again]


def test_those_who_claim_at_once_get_a_run_each(store: Store) -> None:
    runs = {create_run(store, run_spec()) for _ in range(AT_ONCE)}
    workers = iter([new_worker(store, pid) for pid in range(AT_ONCE)])
    claimed = all_at_once(lambda: claim_run(store, next(workers), threads=1))
    assert {record.id for record in claimed if record is not None} == runs


def test_studies_of_one_name_that_begin_at_once_get_numbers(store: Store) -> None:
    ids = all_at_once(lambda: create_study(store, study_spec("same"), numbered=True))
    assert len(set(ids)) == AT_ONCE
    assert find_study(store, f"same-{AT_ONCE}").id in ids


def test_a_client_that_stays_in_a_transaction_is_cut_off(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        engine.store.servers._SESSION, "idle_in_transaction_session_timeout", "50ms"
    )
    frozen, other = (open_store(postgres.emptied_store()) for _ in range(2))

    def write_and_stay() -> None:
        with frozen.writing():
            assert create_run(other, run_spec())

    with pytest.raises(StorageError):
        write_and_stay()
    assert create_run(frozen, run_spec())
    for store in (frozen, other):
        store.close()


def test_a_lock_that_is_not_let_go_is_named(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine.store.servers._SESSION, "lock_timeout", "50ms")
    holder, other = (open_store(postgres.emptied_store()) for _ in range(2))
    with holder.writing(), pytest.raises(StorageError, match="stayed locked"):
        create_run(other, run_spec())
    for store in (holder, other):
        store.close()


# It goes away


def test_pooled_connections_survive_a_restart(
    server_store: Store, postgres: PostgresServer
) -> None:
    run_id = create_run(server_store, run_spec())
    postgres.stop()
    postgres.start()
    assert get_run(server_store, run_id).state == "queued"
    assert claim_run(server_store, new_worker(server_store), threads=1)


def test_a_server_that_is_down_is_waited_for(server_store: Store, postgres: PostgresServer) -> None:
    run_id, worker = create_run(server_store, run_spec()), new_worker(server_store)
    claim_run(server_store, worker, threads=1)
    measured = MeasurementRecord(step=1, stage=0, task=0, split="retention", accuracy=0.5)
    waited = []

    class Pauses(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            if len(waited) == 2:
                postgres.start()
            return False

    def record() -> None:
        record_progress(server_store, run_id, worker, Progress(step=1, steps=9), [measured])

    postgres.stop()
    Patience(Pauses()).call(record)
    assert len(waited) == 2
    assert measurements_of(server_store, run_id) == [measured]


def test_of_a_transaction_that_is_cut_off_nothing_is_left(
    server_store: Store, postgres: PostgresServer
) -> None:
    tries = []

    def write() -> None:
        with server_store.writing() as connection:
            connection.execute(run.insert().values(**a_run()))
            if not tries:
                tries.append("cut off")
                postgres.stop()
                postgres.start()
            connection.execute(run.insert().values(**a_run()))

    Patience(Event(), run_seconds=60).call(write)
    with server_store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(run)).scalar_one() == 2


def a_run() -> dict[str, object]:
    texts = dict.fromkeys(("sequence", "method", "spec"), "")
    return {**texts, "seed": 0, "state": "queued", "desired": "running", "created_at": 0.0}


# It lets nobody in


def refusal(url: str) -> str:
    with pytest.raises(UsageError) as caught:
        open_store(url)
    assert isinstance(caught.value, StorageError), "a worker waits: the server may be starting"
    return str(caught.value)


def test_whoever_is_not_let_in_is_told_why_in_one_line(postgres: PostgresServer) -> None:
    said = [
        refusal(postgres.url("nowhere")),
        refusal(postgres.url("postgres", GUARDED, "wrong:p/w")),
        refusal(postgres.url("postgres", GUARDED)),
        refusal(postgres.url("postgres", GUARDED, PASSWORD)),
        refusal("postgresql+psycopg://me:wrong:p/w@nowhere.invalid/lab"),
        refusal("postgresql+psycopg://me@localhost:1/lab?no_such_word=1"),
    ]
    reasons = (
        'database "nowhere" does not exist',
        "password authentication failed",
        "no password",
        "may not be written by this user",
        "nowhere.invalid",
        "no_such_word",
    )
    for line, reason in zip(said, reasons, strict=True):
        assert reason in line
        assert line.startswith("store postgresql+psycopg://")
        assert "\\n" not in line
        assert "p/w" not in line
        assert "sesame" not in line


def test_a_server_that_is_down_is_wrong_use_of_a_command(
    postgres: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.url("lab", GUARDED, "secret").replace("host=", "host=%2Fnowhere")
    assert run_command_line(["studies", "--store", url]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: store postgresql+psycopg://guarded:***@/lab")
    assert said.err.count("\n") == 1
    assert "see that the server runs" in said.err


def test_a_missing_driver_is_named_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r'pip install "bertcl-tui\[postgres\]"') as caught:
        open_store("postgresql+psycopg://me:secret@host/lab")
    assert "secret" not in str(caught.value)


def test_a_server_of_an_unknown_kind_is_refused_with_an_example() -> None:
    with pytest.raises(UsageError, match=r"write it like postgresql\+psycopg://user@host/name"):
        open_store("postgres://me@host/lab")
