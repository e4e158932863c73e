"""The app over a server: it hears what is written, asks nothing meanwhile, survives a restart."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from textual.pilot import Pilot

from bertcl_tui.app.app import BertclApp
from bertcl_tui.news import herald as looking
from bertcl_tui.news.herald import Herald
from bertcl_tui.store.reader import Reader
from bertcl_tui.studies.table import StudiesTable
from engine.spec import StudySpec
from engine.store.connection import open_store
from engine.store.studies import create_study
from engine.store.workers import WorkerIdentity, end_worker, register_worker
from tests.bertcl_tui.waiting import until
from tests.postgres import PostgresServer


@pytest.fixture
def server(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with postgres.new_database() as url:
        with closing(open_store(url)) as store:
            create_study(store, _spec("first"))
        postgres.log_statements(url)
        yield url


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Pilot[None]]:
    async with BertclApp(url).run_test(size=(120, 40)) as pilot:
        yield pilot


def _spec(name: str) -> StudySpec:
    return StudySpec(name=name, sequence=("a", "b"), data="hub", model="m")


def _names(pilot: Pilot[None]) -> list[str]:
    return [item.name for item in pilot.app.screen.query_one(StudiesTable).items]


@pytest.mark.app
async def test_an_idle_app_asks_nothing_and_shows_what_is_written_also_after_a_restart(
    server: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_MOST_SECONDS", 0.3)  # after which it asks where it hears nothing
    versions: list[int] = []
    version = Reader.version

    def counted(reader: Reader) -> int:
        versions.append(version(reader))
        return versions[-1]

    monkeypatch.setattr(Reader, "version", counted)
    async with _opened(server) as pilot:
        assert isinstance(pilot.app, BertclApp)
        herald = pilot.app.store_watch.herald
        await until(pilot, lambda: _names(pilot) == ["first"])
        await until(pilot, lambda: herald.has_looked and not herald.is_behind)
        await until(pilot, lambda: postgres.statements() == [])
        seen = len(versions)
        await until(pilot, lambda: len(versions) > seen + 10)
        assert postgres.statements() == []

        with closing(open_store(server)) as store:
            create_study(store, _spec("second"))
            await until(pilot, lambda: _names(pilot) == ["first", "second"])
            postgres.stop()
            await until(pilot, lambda: not pilot.app.reader.hears)  # type: ignore[attr-defined]
            postgres.start()
            create_study(store, _spec("third"))
        await until(pilot, lambda: "third" in _names(pilot))


def test_where_somebody_works_time_alone_may_change_what_is_seen(server: str) -> None:
    with closing(open_store(server)) as store, closing(Reader(server)) as reader:
        herald = Herald(reader)
        herald._looked_at = float("-inf")
        herald.look()
        assert not herald.changes_by_itself
        identity = WorkerIdentity(host="there", pid=1, process_start=0.0)
        worker = register_worker(store, identity, device="cpu", threads=1, log_file=None)
        herald.look()
        assert herald.is_behind
        herald._looked_at = float("-inf")
        herald.look()
        assert herald.changes_by_itself
        end_worker(store, worker)
        herald._looked_at = float("-inf")
        herald.look()
        assert not herald.changes_by_itself
