"""Ids that never come again, processes known for good, and what a lost run had come to.

``process``: which process a worker is, however the clock was set since it began. ``lost_step``:
where a run's worker was lost, since dying further on is no fault of the run. ``earlier_epochs``:
what a run had trained before it was run again, which counts into the budget of its search.
``first_stage``: which first stage a run learns or waits for, so that none is learnt twice at once.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBERED = ("cl_study", "cl_run", "cl_worker", "cl_log", "cl_entry")
_BEYOND_32_BITS = {"cl_run": ("seed",), "cl_worker": ("memory_bytes", "gpu_memory_bytes")}
_ADDED: tuple[tuple[str, str, TypeEngine[Any]], ...] = (
    ("cl_worker", "process", sa.Text()),
    ("cl_run", "lost_step", sa.Integer()),
    ("cl_run", "earlier_epochs", sa.Float()),
    ("cl_run", "first_stage", sa.Text()),
)
_log = sa.table("cl_log", sa.column("run_id", sa.Integer()))
_run = sa.table("cl_run", sa.column("id", sa.Integer()))


def upgrade() -> None:
    connection = op.get_bind()
    last_run = connection.execute(sa.select(sa.func.max(_log.c.run_id))).scalar() or 0
    of_deleted = _log.c.run_id.is_not(None) & _log.c.run_id.not_in(sa.select(_run.c.id))
    connection.execute(_log.delete().where(of_deleted))
    if connection.dialect.name == "sqlite":
        _rebuild(connection, last_run)
    else:
        for table, columns in _BEYOND_32_BITS.items():
            for column in columns:
                op.alter_column(table, column, type_=sa.BigInteger())
    for table, name, kind in _ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def _rebuild(connection: sa.Connection, last_run: int) -> None:
    """SQLite learns to count on from deleted ids only where a table is made so.

    Foreign keys are not enforced meanwhile (``engine.store.connection``): the old table's end would
    take along all that belongs to its rows.
    """
    for table in _NUMBERED:
        counting = {"sqlite_autoincrement": True}
        with op.batch_alter_table(table, recreate="always", table_kwargs=counting):
            pass
    known = connection.exec_driver_sql("SELECT 1 FROM sqlite_sequence WHERE name = 'cl_run'")
    if known.scalar() is None:
        connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES ('cl_run', 0)")
    connection.exec_driver_sql(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'cl_run'", (last_run,)
    )
