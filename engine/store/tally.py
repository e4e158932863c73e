"""How many runs of each study are in each state, of which the database itself keeps count.

Triggers of ``cl_run`` write ``cl_tally``: it is right whoever changes a run, and a look at it costs
the same however many runs there are.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

_ONE_LESS: Final = """
    UPDATE cl_tally SET
        trials = trials - CASE WHEN OLD.number IS NULL THEN 0 ELSE 1 END,
        races = races - CASE WHEN OLD.number IS NULL THEN 1 ELSE 0 END
    WHERE study_id = OLD.study_id AND state = OLD.state;
"""
_ONE_MORE: Final = """
    INSERT INTO cl_tally (study_id, state, trials, races)
    VALUES (
        NEW.study_id,
        NEW.state,
        CASE WHEN NEW.number IS NULL THEN 0 ELSE 1 END,
        CASE WHEN NEW.number IS NULL THEN 1 ELSE 0 END
    )
    ON CONFLICT (study_id, state) DO UPDATE SET
        trials = cl_tally.trials + excluded.trials, races = cl_tally.races + excluded.races;
"""
_TRIGGERS: Final = (
    ("cl_run_made", "INSERT", "NEW", _ONE_MORE),
    ("cl_run_moved", "UPDATE OF state", "NEW", _ONE_LESS + _ONE_MORE),
    ("cl_run_gone", "DELETE", "OLD", _ONE_LESS),
)
"""Name, what it follows, the row that says whether a study is concerned, what is done."""
_COUNTED: Final = """
    INSERT INTO cl_tally (study_id, state, trials, races)
    SELECT study_id, state, count(number), count(*) - count(number)
    FROM cl_run WHERE study_id IS NOT NULL GROUP BY study_id, state
"""


def keep_tally(connection: Connection) -> None:
    """Count the runs that there are, and have the database go on counting.

    A migration calls this: where it changes, the migration needs a copy of what it was.
    """
    connection.exec_driver_sql(_COUNTED)
    in_a_file = connection.dialect.name == "sqlite"
    for statement in _of_a_file() if in_a_file else _of_a_server():
        connection.exec_driver_sql(statement)


def _of_a_file() -> Iterator[str]:
    for name, change, row, counts in _TRIGGERS:
        concerned = f"{row}.study_id IS NOT NULL"
        follows = f"AFTER {change} ON cl_run FOR EACH ROW WHEN {concerned}"
        yield f"CREATE TRIGGER {name} {follows} BEGIN {counts} END"


def _of_a_server() -> Iterator[str]:
    for name, change, row, counts in _TRIGGERS:
        body = f"$$ BEGIN {counts} RETURN NULL; END $$"
        yield f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS {body}"
        concerned = f"({row}.study_id IS NOT NULL)"
        follows = f"AFTER {change} ON cl_run FOR EACH ROW WHEN {concerned}"
        yield f"CREATE TRIGGER {name} {follows} EXECUTE FUNCTION {name}()"
