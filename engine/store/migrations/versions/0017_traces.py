"""What steps did: their loss, and how far an update moved each layer."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cl_trace",
        sa.Column(
            "run_id",
            sa.Integer(),
            sa.ForeignKey("cl_run.id", name="fk_cl_trace_run_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=True),
        sa.Column("ratios", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "step", name="pk_cl_trace"),
        sqlite_with_rowid=False,
    )
