"""What runs were asked for: rows of the arena's tables that they fill, trials that they repeat."""

from collections import defaultdict

import msgspec
from msgspec import Struct
from sqlalchemy import insert, select, update

from engine.spec import Source
from engine.store.connection import Store
from engine.store.runs import RunRecord, record
from engine.store.schema import confirmation, entry, run


class EntryRecord(Struct, frozen=True, kw_only=True):
    """A run as one row of the arena has it."""

    id: int
    entrant: str
    """The row, as ``engine.arena.entrants`` writes it."""
    source: Source
    run: RunRecord


def enter_run(store: Store, run_id: int, entrant: str, source: Source) -> None:
    """Let a run stand in this row of the arena; where it does already, its source is renewed."""
    here = (entry.c.run_id == run_id) & (entry.c.entrant == entrant)
    text = msgspec.json.encode(source).decode()
    with store.writing() as connection:
        if connection.execute(update(entry).where(here).values(source=text)).rowcount == 0:
            connection.execute(insert(entry).values(run_id=run_id, entrant=entrant, source=text))


def entries(store: Store) -> list[EntryRecord]:
    """Return every run of the arena in every row it stands in, in the order they were entered."""
    query = (
        select(run, entry.c.id.label("entry_id"), entry.c.entrant, entry.c.source)
        .join(entry, entry.c.run_id == run.c.id)
        .order_by(entry.c.id)
    )
    with store.reading() as connection:
        return [
            EntryRecord(
                id=row["entry_id"],
                entrant=row["entrant"],
                source=msgspec.json.decode(row["source"], type=Source),
                run=record(row),
            )
            for row in connection.execute(query).mappings()
        ]


def confirm_trial(store: Store, trial_id: int, run_id: int) -> None:
    """Remember that a run repeats a trial; saying so again changes nothing.

    Args:
        store: where both are.
        trial_id: the id of the trial's own run.
        run_id: the run with another seed.
    """
    known = (confirmation.c.trial_id == trial_id) & (confirmation.c.run_id == run_id)
    with store.writing() as connection:
        if connection.execute(select(confirmation).where(known)).first() is None:
            connection.execute(insert(confirmation).values(trial_id=trial_id, run_id=run_id))


def confirmations_of(store: Store, study_id: int) -> dict[int, list[RunRecord]]:
    """Return the runs that repeat trials of a study, by the id of the trial's own run."""
    trial = run.alias("trial")
    query = (
        select(run, confirmation.c.trial_id)
        .join(confirmation, confirmation.c.run_id == run.c.id)
        .join(trial, trial.c.id == confirmation.c.trial_id)
        .where(trial.c.study_id == study_id)
        .order_by(run.c.seed, run.c.id)
    )
    found: defaultdict[int, list[RunRecord]] = defaultdict(list)
    with store.reading() as connection:
        for row in connection.execute(query).mappings():
            found[row["trial_id"]].append(record(row))
    return dict(found)
