"""How the best p of each study came about; asked again only when another trial is complete."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select

from bertcl_tui.store.rows import Best
from engine.store.schema import run

_AT_ONCE: Final = 1000
"""Trials that are looked at first: most climbs are short."""


class Climb(Struct, frozen=True):
    """The steps up to the best trial of a study."""

    complete: int = 0
    """Complete trials for which this was asked."""
    steps: tuple[tuple[int, float], ...] = ()
    """Number and p of every trial that was better than all with a lower number."""
    best: Best | None = None


class Climbs:
    """Remembers the climb of each study, by its id and birth: ids come again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, float], Climb] = {}

    def of(self, connection: Connection, study_id: int, created_at: float, complete: int) -> Climb:
        """Return the climb of a study that has so many complete trials."""
        key = (study_id, created_at)
        known = self._known.get(key, Climb())
        if known.complete != complete:
            self._known[key] = known = _ask(connection, study_id, complete)
        return known


def _ask(connection: Connection, study_id: int, complete: int) -> Climb:
    """Go down from the best: on the way, a number below all before is a step of the climb."""
    down: list[Row[Any]] = []
    at_once = _AT_ONCE
    while True:
        rows = connection.execute(_best_before(study_id, down, at_once)).all()
        for row in rows:
            if not down or row.number < down[-1].number:
                down.append(row)
        if len(rows) < at_once:
            break
        at_once *= 8
    steps = tuple((row.number, row.p) for row in reversed(down))
    best = (
        Best(number=down[0].number, p=down[0].p, p_o=down[0].p_o, p_s=down[0].p_s) if down else None
    )
    return Climb(complete, steps, best)


def _best_before(study_id: int, down: Sequence[Row[Any]], limit: int) -> Select[Any]:
    """Ask for the best trials of those with lower numbers than the last one found."""
    query = select(run.c.number, run.c.p, run.c.p_o, run.c.p_s).where(
        run.c.study_id == study_id, run.c.state == "complete", run.c.p.is_not(None)
    )
    if down:
        query = query.where(run.c.number < down[-1].number)
    return query.order_by(run.c.p.desc(), run.c.number).limit(limit)
