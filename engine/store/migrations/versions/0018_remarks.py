"""What people say of runs: marks and notes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_run", sa.Column("marked", sa.Integer(), nullable=True))
    op.add_column("cl_run", sa.Column("note", sa.Text(), nullable=True))
