"""Where a run's worker was lost: dying further on is no fault of the run."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_run", sa.Column("lost_step", sa.Integer(), nullable=True))
