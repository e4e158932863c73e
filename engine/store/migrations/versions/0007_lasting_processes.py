"""Which process a worker is, however the clock was set since it began."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_worker", sa.Column("process", sa.Text(), nullable=True))
