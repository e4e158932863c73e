"""From one schema to the next, and to the last one at once."""

from pathlib import Path
from threading import Lock
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from engine.errors import UsageError, shown
from engine.store.schema import REVISIONS, VERSION_TABLE, metadata
from engine.store.tally import keep_tally

_HERE: Final = str(Path(__file__).parent)
_ONE_AT_A_TIME: Final = Lock()
"""Alembic keeps what it works on in variables of the whole process."""


def revision_in(connection: Connection, store: str) -> str | None:
    """Return a store's schema revision, None where it is empty.

    Args:
        connection: to the store.
        store: its name, as it begins a message.

    Raises:
        UsageError: it is a database of another program, or was written by a newer bertcl-tui.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if VERSION_TABLE not in tables:
        raise UsageError(
            f"{store} is a database of another program (table '{shown(tables[0])}'); name another "
            "file with --store"
        )
    query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    revision = str(connection.execute(query).scalar_one())
    if revision not in REVISIONS:
        raise UsageError(
            f"{store} was written by a newer bertcl-tui (schema {revision}, this one knows "
            f"{REVISIONS[-1]}); upgrade bertcl-tui, or name another with --store"
        )
    return revision


def make_tables(connection: Connection) -> None:
    """Make what all migrations come to at once, in a new file."""
    metadata.create_all(connection)
    keep_tally(connection)
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    context.stamp(ScriptDirectory(_HERE), "head")


def upgrade(connection: Connection) -> None:
    """Run the migrations that this store lacks, inside the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", _HERE)
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")
