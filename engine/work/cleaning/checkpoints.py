"""Checkpoints: whether one may go is for the state of its run to say."""

import re
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from engine.files import StoredFile
from engine.places.local import Folder
from engine.store.schema import run
from engine.store.states import OVER
from engine.work.cleaning.amounts import Amount, Cleaning, Piece, amount_of

_AT_ONCE: Final = 200
_RUN: Final = re.compile(r"run-([1-9]\d{0,17})")


def checkpoints(cleaning: Cleaning) -> Iterator[Piece]:
    """Yield the folders of runs."""
    # Folders before states: a folder that is there belongs to a run that is known, or was.
    found = {_run_id(folder.path): folder for folder in cleaning.place.folders()}
    found.pop(0, None)
    with cleaning.store.reading() as connection:
        states = _states(connection, found)
    for run_id, file in found.items():
        yield Piece(file, _is_over(cleaning, states.get(run_id), file))


def free_checkpoints(cleaning: Cleaning) -> Amount:
    """Take folders out of the way while no run can be claimed or retried, then delete them."""
    found = [piece.file for piece in checkpoints(cleaning) if piece.can_go]
    gone: list[StoredFile] = []
    # Elsewhere a folder is deleted file by file while nobody else can write.
    at_once = _AT_ONCE if isinstance(cleaning.place, Folder) else 1
    for first in range(0, len(found), at_once):
        some = {_run_id(file.path): file for file in found[first : first + at_once]}
        aside: list[Callable[[], object]] = []
        with cleaning.store.writing() as connection:
            states = _states(connection, some, stay=True)
            for run_id, file in some.items():
                if _is_over(cleaning, states.get(run_id), file):
                    aside.append(cleaning.place.take_away(file.path))
                    gone.append(file)
        for go in aside:
            go()
    return amount_of(gone)


def _run_id(folder: Path) -> int:
    """Return whose folder it is, 0 where it is no run's."""
    match = _RUN.fullmatch(folder.name)
    return 0 if match is None else int(match[1])


def _states(
    connection: Connection, run_ids: Collection[int], *, stay: bool = False
) -> dict[int, str]:
    """Return the states of the runs that are there; they may stay so until the transaction ends."""
    ids = list(run_ids)
    states: dict[int, str] = {}
    for first in range(0, len(ids), _AT_ONCE):
        query = select(run.c.id, run.c.state).where(run.c.id.in_(ids[first : first + _AT_ONCE]))
        rows = connection.execute(query.with_for_update() if stay else query)
        states |= {row.id: row.state for row in rows}
    return states


def _is_over(cleaning: Cleaning, state: str | None, file: StoredFile) -> bool:
    if state is None or state in OVER:
        return file.written_at <= time.time() - cleaning.grace
    return state == "stopped" and cleaning.is_old(file.written_at)
