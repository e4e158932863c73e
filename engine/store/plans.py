"""Plans of the arena, kept as they were before their first run."""

from msgspec import Struct
from sqlalchemy import RowMapping, insert, select

from engine.store.clock import now
from engine.store.connection import Store
from engine.store.schema import plan


class PlanRecord(Struct, frozen=True, kw_only=True):
    """A plan as it stands in the store."""

    digest: str
    """SHA-256 of the text, as ``sha256sum`` has it of the file."""
    text: str
    spec: str
    """What it came to, as ``engine.arena.declared`` writes it."""
    declared_at: float
    """In seconds since 1970; a run that was asked for earlier was not planned by it."""


def declare(store: Store, digest: str, text: str, spec: str) -> PlanRecord:
    """Keep a plan; one that is there already stays as it was declared first."""
    this = plan.c.digest == digest
    with store.writing() as connection:
        if connection.execute(select(plan.c.id).where(this)).first() is None:
            values = {"digest": digest, "text": text, "spec": spec, "declared_at": now()}
            connection.execute(insert(plan).values(**values))
        row = connection.execute(select(plan).where(this)).mappings().one()
        return _record(row)


def plans(store: Store) -> list[PlanRecord]:
    """Return every plan, the one that was declared first at the top."""
    with store.reading() as connection:
        rows = connection.execute(select(plan).order_by(plan.c.id)).mappings()
        return [_record(row) for row in rows]


def _record(row: RowMapping) -> PlanRecord:
    return PlanRecord(
        digest=row["digest"], text=row["text"], spec=row["spec"], declared_at=row["declared_at"]
    )
