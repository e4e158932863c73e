from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import engine.store.migrations
from engine.store.connection import Store, open_store
from engine.store.migrations import make_tables, upgrade
from engine.store.schema import REVISIONS, VERSION_TABLE, metadata


@pytest.fixture(params=[make_tables, upgrade])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return a store whose tables were made at once, and one that was brought up to date."""
    path = tmp_path / "studies.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        request.param(connection)
    engine.dispose()
    store = open_store(str(path))
    yield store
    store.close()


def test_the_tables_are_those_of_the_schema(store: Store) -> None:
    options = {
        "version_table": VERSION_TABLE,
        "compare_type": True,
        "compare_server_default": True,
    }
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISIONS[-1]


def test_no_id_comes_again_and_indexes_have_their_names(store: Store) -> None:
    with store.reading() as connection:
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
        statements = dict(made.all())
    counting = {name for name, statement in statements.items() if "AUTOINCREMENT" in statement}
    assert counting == {"cl_study", "cl_run", "cl_worker", "cl_log", "cl_entry"}
    assert {index.name for table in metadata.tables.values() for index in table.indexes} == {
        name for name, statement in statements.items() if statement.startswith("CREATE INDEX")
    }


def test_every_migration_is_known_as_a_revision() -> None:
    config = Config()
    (folder,) = engine.store.migrations.__path__
    config.set_main_option("script_location", folder)
    newest_first = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([each.revision for each in newest_first])) == REVISIONS


def test_tables_that_are_read_by_primary_key_alone_have_no_rowid(store: Store) -> None:
    with store.reading() as connection:
        rows = connection.exec_driver_sql("PRAGMA table_list").mappings()
        without = {row["name"] for row in rows if row["wr"]}
    assert {"cl_measurement", "cl_stage"} <= without


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    for _ in range(2):
        store = open_store(str(path))
        with store.reading() as connection:
            (version,) = connection.exec_driver_sql("PRAGMA schema_version").one()
        store.close()
    store = open_store(str(path))
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA schema_version").one() == (version,)
    store.close()
