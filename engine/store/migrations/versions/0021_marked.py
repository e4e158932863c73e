"""Find the few marked trials among many without a look at the others."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    marked = sa.text("marked IS NOT NULL")
    op.create_index(
        "ix_cl_run_marked",
        "cl_run",
        ["study_id", "number"],
        sqlite_where=marked,
        postgresql_where=marked,
    )
