"""Runs that are alike but for their seed: what a trial raced with, what confirmed it, a cell's."""

from collections import defaultdict
from collections.abc import Collection

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, or_, select, true

from bertcl_tui.store.trial_rows import Repeat
from engine.spec import RunSpec
from engine.store.schema import confirmation, entry, run


def repeats(
    connection: Connection, trial_ids: Collection[int], until: float | None = None
) -> dict[int, tuple[Repeat, ...]]:
    """Return the complete runs of these trials with other seeds, by the run of the trial itself.

    ``until`` is a moment by which they had ended; None: any.
    """
    query = (
        select(confirmation.c.trial_id, run.c.id, run.c.seed)
        .join(run, run.c.id == confirmation.c.run_id)
        .where(confirmation.c.trial_id.in_(trial_ids), run.c.state == "complete")
        .where(true() if until is None else run.c.finished_at <= until)
        .order_by(run.c.id)
    )
    found: defaultdict[int, tuple[Repeat, ...]] = defaultdict(tuple)
    for trial_id, run_id, seed in connection.execute(query):
        found[trial_id] += (Repeat(run_id=run_id, seed=seed),)
    return dict(found)


def other_seeds(connection: Connection, run_id: int) -> tuple[int, ...]:
    """Return the other complete runs that do as this one does, with a seed of their own, by id.

    They are of its trial, or stand in its row of the arena.
    """
    own = confirmation.alias("own")
    trial_ids = {
        run_id,
        *connection.scalars(select(own.c.trial_id).where(own.c.run_id == run_id)),
    }
    of_trial = select(confirmation.c.run_id).where(confirmation.c.trial_id.in_(trial_ids))
    query = select(run.c.id).where(
        run.c.state == "complete",
        run.c.id != run_id,
        or_(run.c.id.in_(of_trial), run.c.id.in_(trial_ids)),
    )
    found = {*connection.scalars(query), *_of_row(connection, run_id)}
    return tuple(sorted(found))


def _of_row(connection: Connection, run_id: int) -> list[int]:
    """Return the other complete runs in a run's rows of the arena, on its sequence."""
    entrants = select(entry.c.entrant).where(entry.c.run_id == run_id)
    asked = connection.execute(select(run.c.spec, run.c.sequence).where(run.c.id == run_id)).first()
    if asked is None:
        return []
    query = (
        select(run.c.id, run.c.spec)
        .join(entry, entry.c.run_id == run.c.id)
        .where(entry.c.entrant.in_(entrants), run.c.sequence == asked.sequence)
        .where(run.c.state == "complete", run.c.id != run_id)
    )
    like = _but_for_its_seed(asked.spec)
    return [row.id for row in connection.execute(query) if _but_for_its_seed(row.spec) == like]


def _but_for_its_seed(spec: str) -> RunSpec:
    decoded = msgspec.json.decode(spec, type=RunSpec)
    return replace(decoded, seed=0, first_seed=None, device="auto")
