"""An index to sort and filter the trials of a long study by."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_cl_run_sorted",
        "cl_run",
        [
            "study_id",
            "p",
            "number",
            "state",
            "p_o",
            "p_s",
            "reported_p",
            "reported_p_o",
            "reported_p_s",
            "seed",
            "steps",
            "busy_seconds",
            "created_at",
            "started_at",
            "finished_at",
            "label",
            "learning_rates",
        ],
        unique=False,
    )
