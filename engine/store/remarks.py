"""What people say of trials and studies: marks, which choose trials, notes, and the archive."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select, update

from engine.errors import UsageError
from engine.store.clock import now
from engine.store.connection import Store
from engine.store.leases import of_deleted_study
from engine.store.runs import is_trial
from engine.store.schema import run, study

MOST_OF_A_NOTE: Final = 500
"""Characters."""
_AT_ONCE: Final = 10_000
"""Trials in one statement."""


def marks(store: Store) -> dict[int, frozenset[int]]:
    """Return the numbers of the marked trials by study, of the studies that have any."""
    query = select(run.c.study_id, run.c.number).where(
        run.c.marked == 1, is_trial(), ~of_deleted_study()
    )
    found: defaultdict[int, set[int]] = defaultdict(set)
    with store.reading() as connection:
        for study_id, number in connection.execute(query):
            found[study_id].add(number)
    return {study_id: frozenset(numbers) for study_id, numbers in found.items()}


def change_marks(
    store: Store, study_id: int, *, on: Collection[int] = (), off: Collection[int] = ()
) -> None:
    """Mark trials of a study, and take the mark from others; those it has not are passed over."""
    with store.writing() as connection:
        _set(connection, study_id, off, marked=None)
        _set(connection, study_id, on, marked=1)


def set_note(store: Store, study_id: int, numbers: Sequence[int], note: str) -> None:
    """Write a note on trials of a study, as one line; an empty one takes it away.

    Raises:
        UsageError: it is too long; nothing is written.
    """
    text = checked_note(note)
    with store.writing() as connection:
        _set(connection, study_id, frozenset(numbers), note=text or None)


def set_study_note(store: Store, study_id: int, note: str) -> None:
    """Write a note on a study, as one line; an empty one takes it away.

    Raises:
        UsageError: it is too long; nothing is written.
    """
    text = checked_note(note)
    with store.writing() as connection:
        this = study.c.id == study_id
        connection.execute(update(study).where(this).values(note=text or None))


def archive_studies(store: Store, study_ids: Collection[int], *, archived: bool = True) -> None:
    """Put studies away, out of the usual lists, or have them back there; they stay as they are."""
    these = study.c.id.in_(study_ids)
    with store.writing() as connection:
        at = now() if archived else None
        connection.execute(update(study).where(these).values(archived_at=at))


def checked_note(note: str) -> str:
    """Return a note as it is kept, in one line.

    Raises:
        UsageError: it is too long.
    """
    text = " ".join(note.split())
    if len(text) > MOST_OF_A_NOTE:
        raise UsageError(
            f"a note has at most {MOST_OF_A_NOTE} characters, and this has {len(text)}; shorten it"
        )
    return text


def _set(connection: Connection, study_id: int, numbers: Collection[int], **values: object) -> None:
    for some in _parts(numbers):
        these = (run.c.study_id == study_id) & run.c.number.in_(some)
        connection.execute(update(run).where(these).values(**values))


def _parts(numbers: Collection[int]) -> Iterator[Sequence[int]]:
    ordered = sorted(numbers)
    for first in range(0, len(ordered), _AT_ONCE):
        yield ordered[first : first + _AT_ONCE]
