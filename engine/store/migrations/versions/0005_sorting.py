"""An index to sort and filter the trials of a long study by."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


_TEXTS = ("label", "learning_rates")


def upgrade() -> None:
    # PostgreSQL has no room in an index for texts of any length.
    texts = _TEXTS if op.get_bind().dialect.name == "sqlite" else ()
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
            *texts,
        ],
        unique=False,
    )
