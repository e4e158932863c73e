"""From one schema to the next, and to the last one at once."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.store.schema import VERSION_TABLE, metadata

_HERE: Final = str(Path(__file__).parent)


def make_tables(connection: Connection) -> None:
    """Make what all migrations come to at once, in a new file."""
    metadata.create_all(connection)
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    context.stamp(ScriptDirectory(_HERE), "head")


def upgrade(connection: Connection) -> None:
    """Run the migrations that this store lacks, inside the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", _HERE)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
