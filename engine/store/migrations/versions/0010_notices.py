"""A server tells what was written, as ``engine.store.notices`` says. A file tells nothing."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TELL = """
CREATE FUNCTION cl_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bertcl', TG_ARGV[0]);
    RETURN NULL;
END
$$
"""
_LEARNS_FIRST_STAGE_NO_MORE = "OLD.first_stage IS NOT NULL AND NEW.first_stage IS NULL"
_WORKER_IS_KNOWN_TO_BE_DEAD = "NEW.heartbeat_at = 0 AND OLD.heartbeat_at <> 0"
_IS_FREE = "OLD.state <> NEW.state AND NEW.state <> 'running'"
_HEARD_FIRST = "OLD.cpu_percent IS NULL AND NEW.cpu_percent IS NOT NULL"


def _differs(*columns: str) -> str:
    return " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)


def _any(*conditions: str) -> str:
    return " OR ".join(f"({condition})" for condition in conditions)


_TOLD = (
    ("cl_study", "INSERT", "", "work"),
    ("cl_study", "UPDATE", _differs("desired", "trials"), "work"),
    ("cl_study", "UPDATE", _differs("name", "spec", "reason"), "news"),
    ("cl_study", "DELETE", "", "news"),
    ("cl_run", "INSERT", "", "work"),
    (
        "cl_run",
        "UPDATE",
        _any(
            _differs("desired"),
            _IS_FREE,
            _LEARNS_FIRST_STAGE_NO_MORE,
            _WORKER_IS_KNOWN_TO_BE_DEAD,
        ),
        "work",
    ),
    ("cl_run", "UPDATE", _differs("state", "reason", "learning_rates"), "news"),
    ("cl_run", "DELETE", "", "news"),
    ("cl_worker", "INSERT", "", "news"),
    ("cl_worker", "UPDATE", _differs("desired", "ended_at"), "work"),
    (
        "cl_worker",
        "UPDATE",
        _any(_differs("run_id", "device", "waits_for"), _HEARD_FIRST),
        "news",
    ),
    ("cl_log", "INSERT", "", "news"),
    ("cl_entry", "INSERT", "", "news"),
    ("cl_importance", "INSERT OR UPDATE", "", "news"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_TELL)
    for number, (table, event, condition, topic) in enumerate(_TOLD):
        when = f"WHEN ({condition})" if condition else ""
        op.execute(
            f"CREATE TRIGGER cl_tells_{number} AFTER {event} ON {table} "
            f"FOR EACH ROW {when} EXECUTE FUNCTION cl_tell('{topic}')"
        )
