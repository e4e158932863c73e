"""The arena: rows of its tables that a run stands in, and runs that repeat a trial."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cl_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("entrant", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["cl_run.id"], name=op.f("fk_cl_entry_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cl_entry")),
        sa.UniqueConstraint("run_id", "entrant", name=op.f("uq_cl_entry_run_id_entrant")),
    )
    op.create_table(
        "cl_confirmation",
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["cl_run.id"],
            name=op.f("fk_cl_confirmation_trial_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["cl_run.id"], name=op.f("fk_cl_confirmation_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", "run_id", name=op.f("pk_cl_confirmation")),
        sqlite_with_rowid=False,
    )
