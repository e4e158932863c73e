"""Which first stage a run learns or waits for, so that none is learnt twice at once."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_run", sa.Column("first_stage", sa.Text(), nullable=True))
