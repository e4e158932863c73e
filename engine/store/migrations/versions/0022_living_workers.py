"""Find the few living workers among many that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    lives = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_cl_worker_living",
        "cl_worker",
        ["id"],
        sqlite_where=lives,
        postgresql_where=lives,
    )
