"""When a study was deleted or put away, how it was called before, and what a person says of it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (
        ("deleted_at", sa.Float()),
        ("archived_at", sa.Float()),
        ("former_names", sa.Text()),
        ("note", sa.Text()),
    ):
        op.add_column("cl_study", sa.Column(name, kind, nullable=True))
