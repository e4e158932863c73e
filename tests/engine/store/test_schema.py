from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import engine.store.migrations
from engine.store.connection import Store, open_store
from engine.store.schema import REVISIONS, VERSION_TABLE, metadata


def test_migrations_make_the_schema(store: Store) -> None:
    options = {
        "version_table": VERSION_TABLE,
        "compare_type": True,
        "compare_server_default": True,
    }
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISIONS[-1]


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
