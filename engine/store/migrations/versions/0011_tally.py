"""What one more trial asks for, at the same cost however many there are: a tally, and indexes."""

import sqlalchemy as sa
from alembic import op

from engine.store.tally import keep_tally

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cl_tally",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("races", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["cl_study.id"], name="fk_cl_tally_study_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "state", name="pk_cl_tally"),
        sqlite_with_rowid=False,
    )
    keep_tally(op.get_bind())
    op.create_index("ix_cl_run_ended", "cl_run", ["study_id", "finished_at", "id"])
    for name, columns, column in (
        ("ix_cl_run_worker", ["worker_id"], "worker_id"),
        ("ix_cl_run_retried", ["study_id", "number"], "earlier_epochs"),
    ):
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "cl_run", columns, sqlite_where=known, postgresql_where=known)
