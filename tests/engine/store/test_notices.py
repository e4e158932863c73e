"""A server tells what is written, in the transaction that writes it; a file tells nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from engine.store.connection import Store, open_store
from engine.store.deletion import delete_study
from engine.store.leases import begin_first_stage, end_first_stage
from engine.store.measurements import MeasurementRecord, Progress, record_progress
from engine.store.notices import Heard, Notices, Topic
from engine.store.run_states import (
    beat_for_run,
    claim_run,
    control_run,
    create_run,
    finish_run,
    retry_run,
)
from engine.store.schema import run
from engine.store.studies import control_study
from engine.store.workers import (
    Telemetry,
    beat_for_worker,
    end_worker,
    set_desired_of_worker,
    write_log,
)
from tests.engine.store.conftest import new_study, new_trial, new_worker, run_spec
from tests.postgres import PostgresServer

PATIENCE = 30.0


@pytest.fixture
def store(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with closing(open_store(postgres.emptied_store())) as store:
        yield store


@pytest.fixture
def told(store: Store) -> Iterator[Callable[[Callable[[], object]], set[Topic]]]:
    """Do something; return what the server told of it."""
    topics: tuple[Topic, ...] = ("work", "news")
    listening = {topic: Notices(store, topic) for topic in topics}
    heard = {topic: Heard(notices) for topic, notices in listening.items()}
    last = Heard(everything := Notices(store))

    def told_of(do: Callable[[], object]) -> set[Topic]:
        last.anything()
        do()
        # What is heard of in the order of commits: after this line all that was told is there.
        with store.writing() as connection:
            connection.exec_driver_sql("NOTIFY bertcl, 'the end'")
        assert last.anything(PATIENCE)
        return {topic for topic, each in heard.items() if each.anything()}

    yield told_of
    for notices in (*listening.values(), everything):
        notices.close()


def test_what_may_be_done_or_is_to_be_obeyed_is_told_as_work(
    store: Store, told: Callable[[Callable[[], object]], set[Topic]]
) -> None:
    worker = new_worker(store)
    made: list[int] = []
    told(lambda: None)
    assert "work" in told(lambda: made.append(new_study(store)))
    assert "work" in told(lambda: made.append(new_trial(store, made[0], 0)))
    study_id, run_id = made
    assert "work" in told(lambda: control_study(store, study_id, "paused"))
    assert "work" in told(lambda: control_study(store, study_id, "running"))
    assert "work" in told(lambda: set_desired_of_worker(store, worker, "paused"))
    claim_run(store, worker, threads=1)
    assert "work" in told(lambda: control_run(store, run_id, "stopped"))
    begin_first_stage(store, run_id, worker, "a key")
    assert "work" in told(lambda: end_first_stage(store, run_id, worker))
    assert "work" in told(lambda: finish_run(store, run_id, worker, state="stopped"))
    assert "work" in told(lambda: retry_run(store, run_id))
    claim_run(store, worker, threads=1)
    assert "work" in told(lambda: end_worker(store, worker))


def test_what_can_only_be_seen_is_news(
    store: Store, told: Callable[[Callable[[], object]], set[Topic]]
) -> None:
    study_id = new_study(store)
    new_trial(store, study_id, 0)
    worker = new_worker(store)
    told(lambda: None)
    assert told(lambda: claim_run(store, worker, threads=1)) == {"news"}
    assert told(lambda: write_log(store, "info", "hello")) == {"news"}
    first_beat = Telemetry(cpu_percent=1.0)
    assert told(lambda: beat_for_worker(store, worker, first_beat)) == {"news"}
    assert told(lambda: new_worker(store, 101)) == {"news"}
    end_worker(store, worker)
    assert "news" in told(lambda: delete_study(store, study_id))


def test_steps_and_heartbeats_are_not_told_nor_looks_that_change_nothing(
    store: Store, told: Callable[[Callable[[], object]], set[Topic]]
) -> None:
    run_id, worker = create_run(store, run_spec()), new_worker(store)
    claim_run(store, worker, threads=1)
    beat_for_worker(store, worker, Telemetry(cpu_percent=1.0))
    told(lambda: None)
    measured = MeasurementRecord(step=1, stage=0, task=0, split="search", accuracy=0.5, loss=0.1)
    progress = Progress(step=1, steps=2)
    assert told(lambda: record_progress(store, run_id, worker, progress, [measured])) == set()
    assert told(lambda: beat_for_run(store, run_id, worker)) == set()
    assert told(lambda: beat_for_worker(store, worker, Telemetry(cpu_percent=2.0))) == set()
    assert told(lambda: claim_run(store, worker, threads=1)) == set()
    assert told(lambda: control_run(store, run_id, "running")) == set()


def test_what_is_undone_is_not_told(
    store: Store, told: Callable[[Callable[[], object]], set[Topic]]
) -> None:
    create_run(store, run_spec())
    told(lambda: None)

    def undo() -> None:
        with store.writing() as connection:
            connection.execute(update(run).values(desired="paused"))
            connection.execute(delete(run))
            connection.get_transaction().rollback()  # type: ignore[union-attr]

    assert told(undo) == set()


def test_a_notice_is_waited_for_and_there_when_its_change_is(store: Store) -> None:
    with closing(Notices(store, "work")) as notices:
        heard = Heard(notices)
        assert heard.listens
        assert not heard.anything()
        with closing(open_store(store.url)) as other:
            create_run(other, run_spec())
        assert heard.anything(PATIENCE)
        assert claim_run(store, new_worker(store), threads=1) is not None
        assert not heard.anything()


def test_a_server_that_restarts_is_listened_to_again_and_what_was_missed_counts_as_heard(
    store: Store, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.notices._FIRST_PAUSE", 0.0)
    with closing(Notices(store)) as notices:
        heard = Heard(notices)
        postgres.stop()
        assert heard.anything(PATIENCE)
        assert not heard.listens
        assert not heard.anything(PATIENCE), "nobody waits for what cannot be heard"
        postgres.start()
        create_run(store, run_spec())
        notices._tries_at = float("-inf")
        assert heard.anything()
        assert heard.listens
        create_run(store, run_spec())
        assert heard.anything(PATIENCE)


def test_listening_asks_the_server_nothing(postgres: PostgresServer) -> None:
    with postgres.new_database() as url:
        open_store(url).close()
        postgres.log_statements(url)
        with closing(open_store(url)) as store, closing(Notices(store)) as notices:
            heard = Heard(notices)
            assert any("LISTEN" in line for line in postgres.statements())
            for _ in range(100):
                heard.anything(0.001)
            assert postgres.statements() == []
            assert heard.listens


def test_a_file_tells_nothing(tmp_path: Path) -> None:
    with closing(open_store(str(tmp_path / "studies.db"))) as store:
        heard = Heard(Notices(store))
        create_run(store, run_spec())
        assert not heard.listens
        assert not heard.anything(PATIENCE)
