"""What a worker waits for that holds no run, or cannot go on with the one it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_worker", sa.Column("waits_for", sa.Text(), nullable=True))
