import pytest
from sqlalchemy import select

from engine.errors import UsageError
from engine.store.connection import Store
from engine.store.schema import log, worker
from engine.store.workers import (
    Telemetry,
    WorkerIdentity,
    beat_for_worker,
    desired_of_worker,
    end_worker,
    living_workers,
    register_worker,
    set_desired_of_worker,
    set_desired_of_workers,
    write_log,
)
from tests.engine.store.conftest import new_study, new_trial, new_worker


def test_a_worker_is_known_until_it_ends(store: Store) -> None:
    first, second = new_worker(store, 1), new_worker(store, 2)
    assert [each.id for each in living_workers(store)] == [first, second]
    end_worker(store, first)
    assert [(each.id, each.identity.pid) for each in living_workers(store)] == [(second, 2)]


def test_a_process_registers_once_and_a_reused_pid_is_another(store: Store) -> None:
    def register(start: float, host: str = "here") -> int:
        identity = WorkerIdentity(host=host, pid=7, process_start=start)
        return register_worker(store, identity, device="cpu", threads=1, log_file=None)

    known = register(1000.0)
    assert register(1000.4) == known
    assert len({known, register(2000.0), register(1000.0, "elsewhere")}) == 3


def test_whoever_comes_second_may_add_the_log_file(store: Store) -> None:
    identity = WorkerIdentity(host="here", pid=7, process_start=1000.0)
    for log_file in (None, "worker.log", None):
        register_worker(store, identity, device="cpu", threads=1, log_file=log_file)
    with store.reading() as connection:
        assert connection.execute(select(worker.c.log)).scalars().all() == ["worker.log"]


def test_a_beat_says_how_the_worker_does(store: Store) -> None:
    worker_id = new_worker(store)
    told = []
    for telemetry in (Telemetry(cpu_percent=97.5, memory_bytes=5), Telemetry()):
        beat_for_worker(store, worker_id, telemetry)
        with store.reading() as connection:
            row = connection.execute(select(worker)).one()
        told.append((row.cpu_percent, row.memory_bytes))
    assert told == [(97.5, 5), (None, None)]


def test_one_worker_is_controlled_and_the_others_not(store: Store) -> None:
    first, second = new_worker(store, 1), new_worker(store, 2)
    set_desired_of_worker(store, first, "paused")
    assert [desired_of_worker(store, each) for each in (first, second)] == ["paused", "running"]


def test_a_worker_that_is_taken_for_dead_shall_stop(store: Store) -> None:
    worker_id = new_worker(store)
    assert end_worker(store, worker_id)
    assert desired_of_worker(store, worker_id) == "stopped"
    with pytest.raises(UsageError, match="has ended"):
        set_desired_of_worker(store, worker_id, "running")


def test_control_does_not_reach_the_dead(store: Store) -> None:
    ended = new_worker(store, 1)
    end_worker(store, ended)
    set_desired_of_workers(store, "stopped")
    with store.reading() as connection:
        assert connection.execute(select(worker.c.desired)).scalars().all() == ["running"]


def test_ending_twice_keeps_the_first_end(store: Store) -> None:
    worker_id = new_worker(store)
    ends = []
    for _ in range(2):
        end_worker(store, worker_id)
        with store.reading() as connection:
            ends.append(connection.execute(select(worker.c.ended_at)).scalar_one())
    assert ends[0] == ends[1]


def test_lines_for_people_are_kept_in_order(store: Store) -> None:
    write_log(store, "info", "began", worker_id=1)
    write_log(store, "error", "ended", worker_id=1, run_id=2)
    with store.reading() as connection:
        lines = connection.execute(select(log.c.level, log.c.text).order_by(log.c.id)).all()
    assert [tuple(line) for line in lines] == [("info", "began"), ("error", "ended")]


def told(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(log.c.text).order_by(log.c.id)).scalars())


def test_of_a_run_the_newest_lines_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.workers._MOST_LINES_OF_A_RUN", 3)
    monkeypatch.setattr("engine.store.workers._MOST_LINES_WITHOUT_RUN", 2)
    one, other = (new_trial(store, new_study(store, name), 0) for name in ("a", "b"))
    write_log(store, "info", "other", run_id=other)
    for number in range(5):
        write_log(store, "info", f"worker {number}", worker_id=1)
        write_log(store, "info", f"run {number}", worker_id=1, run_id=one)
    assert told(store) == ["other", "run 2", "worker 3", "run 3", "worker 4", "run 4"]


def test_of_all_the_newest_lines_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.workers._MOST_LINES", 4)
    for number in range(9):
        write_log(store, "info", str(number))
    assert told(store) == ["5", "6", "7", "8"]


def test_what_is_said_after_a_run_was_deleted_belongs_to_no_run(store: Store) -> None:
    write_log(store, "warning", "its worker died", run_id=99)
    with store.reading() as connection:
        assert connection.execute(select(log.c.run_id, log.c.text)).all() == [
            (None, "its worker died")
        ]


def test_a_look_at_the_living_passes_by_those_that_have_ended(store: Store) -> None:
    if store.path is None:
        pytest.skip("a server says otherwise how it looks")
    query = select(worker).where(worker.c.ended_at.is_(None)).order_by(worker.c.id)
    asked = str(query.compile(store.engine, compile_kwargs={"literal_binds": True}))
    with store.reading() as connection:
        (how,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
    assert "USING INDEX ix_cl_worker_living" in how.detail
