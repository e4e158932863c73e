"""What the earlier tasks were known by when each was learnt, and how much of it was lost."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INDEX = "ix_cl_run_sorted"
_SORTED = (
    "study_id",
    "p",
    "number",
    "state",
    "p_o",
    "p_s",
    "p_o_before",
    "forgetting",
    "reported_p",
    "reported_p_o",
    "reported_p_s",
    "seed",
    "steps",
    "busy_seconds",
    "created_at",
    "started_at",
    "finished_at",
)
_TEXTS = ("label", "learning_rates")

# What each earlier task scored at its end, at its own stage, and at best before the last one, of
# runs in which every task was learnt in a stage of its own and measured after it.
_FOUND = """
    WITH ends AS (
        SELECT m.run_id, m.stage, m.task, coalesce(m.score, m.accuracy) AS score
        FROM cl_measurement m
        JOIN cl_stage s ON s.run_id = m.run_id AND s.stage = m.stage AND s.last_step = m.step
        WHERE m.split = 'search'
    ),
    last AS (
        SELECT run_id, max(task) AS task FROM ends GROUP BY run_id HAVING max(task) = max(stage)
    ),
    tasks AS (
        SELECT e.run_id, e.task,
            max(CASE WHEN e.stage = e.task THEN e.score END) AS own,
            max(CASE WHEN e.stage < l.task THEN e.score END) AS best,
            max(CASE WHEN e.stage = l.task THEN e.score END) AS at_last
        FROM ends e JOIN last l ON l.run_id = e.run_id
        WHERE e.task < l.task AND e.stage >= e.task
        GROUP BY e.run_id, e.task
    )
    SELECT t.run_id, avg(own) AS own, avg(best - at_last) AS lost
    FROM tasks t JOIN last l ON l.run_id = t.run_id
    GROUP BY t.run_id, l.task
    HAVING count(own) = l.task AND count(best - at_last) = l.task
"""


def upgrade() -> None:
    for name in ("p_o_before", "forgetting"):
        op.add_column("cl_run", sa.Column(name, sa.Float(), nullable=True))
    op.execute(
        f"UPDATE cl_run SET p_o_before = found.own, forgetting = found.lost FROM ({_FOUND}) found "  # noqa: S608 - put together of constants
        "WHERE found.run_id = cl_run.id AND cl_run.state = 'complete' AND cl_run.p IS NOT NULL"
    )
    op.drop_index(_INDEX, "cl_run")
    texts = _TEXTS if op.get_bind().dialect.name == "sqlite" else ()
    op.create_index(_INDEX, "cl_run", [*_SORTED, *texts], unique=False)
