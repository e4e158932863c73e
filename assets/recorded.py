"""Copy a store for keeping: ``python -m assets.recorded STORE [studies.db]``.

What was searched, run and measured stays, digit for digit. Workers and their log do not: they are
of a machine, not of a result. The copy is one file. Of runs that are not over, ``--so-far`` leaves
them out, and ``--to-go-on`` keeps them for another machine, which begins them anew. Of what steps
did, most of a store, ``--traces N`` keeps one in N of a run; what was measured stays.
"""

import argparse
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.errors import UsageError
from engine.store.connection import DEFAULT_STORE, open_store
from engine.store.schema import log, run, trace, worker
from engine.store.states import UNFINISHED

Unfinished = Literal["refuse", "leave-out", "keep"]


def keep(source: Path, target: Path, *, unfinished: Unfinished = "refuse", traces: int = 1) -> None:
    """Copy a store without its workers and their log.

    Args:
        source: the store.
        target: a file that is not there yet.
        unfinished: what becomes of runs that are not over; none may be at work that is kept.
        traces: one in so many is kept of what a run's steps did, the last one among them.

    Raises:
        UsageError: the target is there already, or a run of the source is not over.
    """
    if target.exists():
        raise UsageError(f"{target} is there already; move it away, or name another file")
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as whole,
        closing(sqlite3.connect(target)) as copy,
    ):
        whole.backup(copy)
    store = open_store(str(target))
    with store.writing() as connection:
        if unfinished == "leave-out":
            connection.execute(delete(run).where(run.c.state.in_(UNFINISHED)))
        in_the_way = ("running",) if unfinished == "keep" else UNFINISHED
        going = connection.execute(
            run.select().where(run.c.state.in_(in_the_way)).limit(1)
        ).one_or_none()
        if going is None:
            connection.execute(update(run).values(worker_id=None))
            connection.execute(delete(log))
            connection.execute(delete(worker))
            if traces > 1:
                _thin_traces(connection, traces)
    store.close()
    if going is not None:
        target.unlink()
        raise UsageError(f"run {going.id} of {source} is {going.state}; let it end, or stop it")
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("VACUUM")


def _thin_traces(connection: Connection, of: int) -> None:
    """Keep one in so many of a run's traces; its loss stays the mean since the one before it."""
    last_first = func.row_number().over(partition_by=trace.c.run_id, order_by=trace.c.step.desc())
    counted = select(trace, ((last_first - 1) // of).label("part")).subquery()
    kept = (
        select(counted.c.run_id, func.max(counted.c.step).label("step"), func.avg(counted.c.loss))
        .group_by(counted.c.run_id, counted.c.part)
        .order_by(counted.c.run_id)
    )
    found = connection.execute(kept).all()
    ratios = {(row.run_id, row.step): row.ratios for row in connection.execute(select(trace))}
    connection.execute(delete(trace))
    rows = [
        {"run_id": run_id, "step": step, "loss": loss, "ratios": ratios[run_id, step]}
        for run_id, step, loss in found
    ]
    if rows:
        connection.execute(insert(trace), rows)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Copy a store for keeping.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path, nargs="?", default=Path(DEFAULT_STORE))
    ways = parser.add_mutually_exclusive_group()
    add = partial(ways.add_argument, dest="unfinished", action="store_const", default="refuse")
    add("--so-far", const="leave-out", help="leave out what is not over")
    add("--to-go-on", const="keep", help="keep what is not over, to go on elsewhere")
    parser.add_argument("--traces", type=int, default=1, help="keep one in so many of a run")
    asked = parser.parse_args()
    try:
        keep(asked.source, asked.target, unfinished=asked.unfinished, traces=asked.traces)
    except UsageError as error:
        parser.error(str(error))
    size = asked.target.stat().st_size
    print(f"{asked.target}  {size / 2**20:.1f} MiB")  # noqa: T201 - a script says what it did


if __name__ == "__main__":
    main()
