"""Runs with EWC say which Fisher they have, and their rows in the arena do where it is no default.

It was always drawn; now that of each task is exact unless told otherwise.
"""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_RUN = sa.table("cl_run", sa.column("id"), sa.column("method"), sa.column("spec"))
_ENTRY = sa.table("cl_entry", sa.column("id"), sa.column("run_id"), sa.column("entrant"))
_KNOWN = {"fisher": "sampled", "penalty": "coupled"}


def upgrade() -> None:
    of_ewc = sa.select(_RUN.c.id, _RUN.c.spec).where(_RUN.c.method.in_(("ewc-task", "ewc-mlm")))
    _rewrite(of_ewc, _RUN, "spec", _with_options)
    of_tasks = sa.select(_RUN.c.id).where(_RUN.c.method == "ewc-task")
    of_rows = sa.select(_ENTRY.c.id, _ENTRY.c.entrant).where(_ENTRY.c.run_id.in_(of_tasks))
    _rewrite(of_rows, _ENTRY, "entrant", _with_fisher)


def _rewrite(
    query: sa.Select[Any], table: sa.TableClause, column: str, new: Callable[[str], str]
) -> None:
    connection = op.get_bind()
    for row_id, text in connection.execute(query).all():
        connection.execute(sa.update(table).where(table.c.id == row_id).values({column: new(text)}))


def _with_options(spec: str) -> str:
    found = json.loads(spec)
    found["options"] = {**_KNOWN, **found.get("options", {})}
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _with_fisher(entrant: str) -> str:
    head, *options = entrant.split(",")
    return ",".join((head, *sorted((*options, "fisher=sampled"))))
