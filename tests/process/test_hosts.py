"""A run whose host is lost goes on at another host, from the last checkpoint, to the last bit."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from engine.spec import RunSpec
from engine.store.connection import Store, open_store
from engine.store.measurements import MeasurementRecord, measurements_of
from engine.store.run_states import create_run
from engine.store.runs import get_run
from engine.store.schema import log
from engine.work.supervisor import WorkerSettings
from tests.postgres import postgres_server
from tests.process.conftest import wait_for
from tests.process.hosts import Host, hosts

pytestmark = [pytest.mark.process, pytest.mark.as_typed]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Return a store on a server that hosts reach over their network."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with (
        postgres_server(network=True) as server,
        server.new_database() as url,
        closing(open_store(url)) as store,
    ):
        yield store


def start(host: Host, store: Store, shared: Path) -> None:
    """Start a worker that reaches the server and the shared folder by names of its host alone."""
    mounted = host.folder / "mounted"
    mounted.symlink_to(shared)
    url = make_url(store.url).difference_update_query(["host"]).set(host=host.gateway)
    host.start_worker(
        WorkerSettings(
            store=url.render_as_string(hide_password=False),
            device="cpu",
            idle_seconds=1e9,
            checkpoint_seconds=0,
            checkpoints=str(mounted),
        )
    )


def test_a_lost_hosts_run_goes_on_at_another_from_the_checkpoint_that_they_share(
    store: Store, run_spec: RunSpec, undisturbed: list[MeasurementRecord], tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    run_id = create_run(store, run_spec)
    with hosts(("first", "second"), tmp_path) as (first, second):
        start(first, store, shared)
        wait_for(lambda: _measured(store, run_id, stage=1), "the first host to be in stage 2")
        first.lose()
        assert get_run(store, run_id).state == "running"
        start(second, store, shared)
        wait_for(lambda: get_run(store, run_id).state == "complete", "the second host to end it")

        assert measurements_of(store, run_id) == undisturbed
        assert not [line for line in _said(store) if "anew" in line], "it goes on"
        assert not list(shared.rglob("checkpoint*")), "it is over"
        assert not list(tmp_path.glob("*/data/**/checkpoint*")), "hosts keep none to themselves"


def _measured(store: Store, run_id: int, *, stage: int) -> bool:
    return any(item.stage == stage for item in measurements_of(store, run_id))


def _said(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(select(log.c.text)).scalars())
