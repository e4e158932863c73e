"""What linear probes say of the encoder at the ends of stages."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cl_probe",
        sa.Column(
            "run_id",
            sa.Integer(),
            sa.ForeignKey("cl_run.id", name="fk_cl_probe_run_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stage", "task", "rows", name="pk_cl_probe"),
        sqlite_with_rowid=False,
    )
