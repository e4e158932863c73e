"""Macro-F1 beside the accuracy, and which of them p is made of where that is not the accuracy."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("macro_f1", "score"):
        op.add_column("cl_measurement", sa.Column(name, sa.Float(), nullable=True))
