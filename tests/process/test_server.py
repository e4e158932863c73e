"""Workers whose store is a server, which is stopped and started again while they learn."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.spec import RunSpec
from engine.store.connection import Store
from engine.store.measurements import MeasurementRecord, measurements_of
from engine.store.run_states import create_run
from engine.store.runs import get_run
from tests.postgres import PostgresServer
from tests.process.conftest import kill, wait_for, wait_for_end

pytestmark = pytest.mark.process


@pytest.fixture
def store_url(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return postgres.emptied_store()


def test_a_killed_workers_run_is_finished_while_the_server_restarts(
    store: Store,
    postgres: PostgresServer,
    run_spec: RunSpec,
    start: Callable[..., int],
    undisturbed: list[MeasurementRecord],
) -> None:
    run_id = create_run(store, run_spec)
    pid = start()
    wait_for(lambda: measured_in(store, run_id, stage=0), "the first stage to be measured")
    kill(pid)
    assert get_run(store, run_id).state == "running"

    pid = start()
    wait_for(lambda: measured_in(store, run_id, stage=1), "the second stage to be measured")
    assert get_run(store, run_id).state == "running"
    postgres.stop()
    postgres.start()
    wait_for_end(pid)

    assert get_run(store, run_id).state == "complete"
    assert measurements_of(store, run_id) == undisturbed


def measured_in(store: Store, run_id: int, *, stage: int) -> bool:
    return any(item.stage == stage for item in measurements_of(store, run_id))
