"""Tokens per second, how far each layer moved, and what matters in a study."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_run", sa.Column("tokens_rate", sa.Float(), nullable=True))
    op.create_table(
        "cl_drift",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("drift", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["cl_run.id"], name=op.f("fk_cl_drift_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "stage", "place", name=op.f("pk_cl_drift")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cl_importance",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("evaluator", sa.Text(), nullable=False),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("shares", sa.Text(), nullable=False),
        sa.Column("told_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["cl_study.id"],
            name=op.f("fk_cl_importance_study_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "evaluator", name=op.f("pk_cl_importance")),
        sqlite_with_rowid=False,
    )
