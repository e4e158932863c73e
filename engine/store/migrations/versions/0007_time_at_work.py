"""Where the time of a run went: learning, measuring, waiting; and how long learning had to take.

``ideal_seconds`` is what the products that learning needs would take at the rate at which the
machine multiplies matrices in fp32.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ADDED = ("learning_seconds", "measuring_seconds", "waiting_seconds", "ideal_seconds")


def upgrade() -> None:
    for name in _ADDED:
        op.add_column("cl_run", sa.Column(name, sa.Float(), nullable=True))
