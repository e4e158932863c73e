"""On how many rows the curves of a stage are, where a bound on their cost makes that fewer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cl_stage", sa.Column("followed", sa.Integer(), nullable=True))
