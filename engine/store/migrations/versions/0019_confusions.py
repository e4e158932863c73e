"""What rows of a task were taken for at the ends of stages."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cl_confusion",
        sa.Column(
            "run_id",
            sa.Integer(),
            sa.ForeignKey("cl_run.id", name="fk_cl_confusion_run_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stage", "task", name="pk_cl_confusion"),
        sqlite_with_rowid=False,
    )
