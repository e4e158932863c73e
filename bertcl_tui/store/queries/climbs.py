"""How a study came to its best trial: each that was better than all before it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, select

from bertcl_tui.store.study_rows import Best
from engine.arena.measuring import half_width
from engine.store.racing import Contender, Race, best_first, contenders, next_to_race
from engine.store.runs import is_trial
from engine.store.schema import run

Races = Mapping[int, tuple[Race, ...]]
"""By the run of the trial."""
_AT_ONCE: Final = 1000
"""Trials that are looked at first: most climbs are short."""


class Climb(Struct, frozen=True):
    """The steps up to the best trial of a study."""

    complete: int = 0
    """Complete trials for which this was asked."""
    races: Races | None = None
    """And their races."""
    steps: tuple[tuple[int, float], ...] = ()
    """Number and p of every trial that was better than all with a lower number."""
    best: Best | None = None
    racing: bool = False
    """Whether one of the best shall race, if there may be a race."""


class Climbs:
    """Remembers the climb of each study, by its id and birth: ids come again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, float], Climb] = {}

    def of(
        self,
        connection: Connection,
        study_id: int,
        created_at: float,
        complete: int,
        races: Races | None,
    ) -> Climb:
        """Return the climb of a study that has so many complete trials.

        ``races`` are its races; None: its trials do not race.
        """
        key = (study_id, created_at)
        known = self._known.get(key, Climb())
        if (known.complete, known.races) != (complete, races):
            self._known[key] = known = _ask(connection, study_id, complete, races)
        return known


def _ask(connection: Connection, study_id: int, complete: int, races: Races | None) -> Climb:
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
    if races is not None and down:
        found = contenders(connection, study_id, races)
        return Climb(
            complete=complete,
            races=races,
            steps=steps,
            best=best_of(best_first(found)[0]),
            racing=next_to_race(found) is not None,
        )
    best = (
        Best(number=down[0].number, p=down[0].p, p_o=down[0].p_o, p_s=down[0].p_s) if down else None
    )
    return Climb(complete=complete, races=races, steps=steps, best=best)


def best_of(contender: Contender) -> Best:
    """Return a trial with the mean over its seeds, as the best of a study."""
    mean = contender.mean
    return Best(
        number=contender.number,
        p=mean.p,
        p_o=mean.p_o,
        p_s=mean.p_s,
        seeds=contender.seeds,
        half_width=half_width([each.p for each in contender.scores]),
    )


def _best_before(study_id: int, down: Sequence[Row[Any]], limit: int) -> Select[Any]:
    """Ask for the best trials of those with lower numbers than the last one found."""
    query = select(run.c.number, run.c.p, run.c.p_o, run.c.p_s).where(
        run.c.study_id == study_id, run.c.state == "complete", run.c.p.is_not(None), is_trial()
    )
    if down:
        query = query.where(run.c.number < down[-1].number)
    return query.order_by(run.c.p.desc(), run.c.number).limit(limit)
