"""How many epochs each stage takes, so that what a run has cost can be told."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_stage = sa.table("cl_stage", sa.column("run_id", sa.Integer()), sa.column("epochs", sa.Integer()))
_run = sa.table("cl_run", sa.column("id", sa.Integer()), sa.column("spec", sa.Text()))


def upgrade() -> None:
    op.add_column("cl_stage", sa.Column("epochs", sa.Integer(), nullable=True))
    connection = op.get_bind()
    begun = sa.select(_run).where(_run.c.id.in_(sa.select(_stage.c.run_id)))
    for row in connection.execute(begun).all():
        # None where each task had its own number: it was not kept.
        epochs = json.loads(row.spec)["protocol"]["epochs"]
        connection.execute(_stage.update().where(_stage.c.run_id == row.id).values(epochs=epochs))
