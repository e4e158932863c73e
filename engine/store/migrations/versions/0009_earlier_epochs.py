"""What a run had trained before it was run again: it counts into the budget of its search."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_run", sa.Column("earlier_epochs", sa.Float(), nullable=True))
