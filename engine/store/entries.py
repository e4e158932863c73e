"""Verbs for the arena: which rows of its tables a run stands in."""

from collections.abc import Collection

import msgspec
from msgspec import Struct
from sqlalchemy import insert, select, update

from engine.spec import Source
from engine.store.connection import Store
from engine.store.runs import RunRecord, record
from engine.store.schema import entry, run


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


def runs_on(store: Store, sequence: str) -> list[RunRecord]:
    """Return the runs on a sequence that no study asked for, oldest first."""
    query = select(run).where(run.c.study_id.is_(None), run.c.sequence == sequence)
    with store.reading() as connection:
        return [record(row) for row in connection.execute(query.order_by(run.c.id)).mappings()]


def runs_by_id(store: Store, run_ids: Collection[int]) -> list[RunRecord]:
    """Return these runs, oldest first."""
    query = select(run).where(run.c.id.in_(run_ids)).order_by(run.c.id)
    with store.reading() as connection:
        return [record(row) for row in connection.execute(query).mappings()]
