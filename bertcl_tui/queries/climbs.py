"""How the best p of each study came about; asked again only when another trial is complete."""

from msgspec import Struct
from sqlalchemy import Connection, func, select

from bertcl_tui.rows import Best
from engine.store.schema import run


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
    so_far = func.max(run.c.p).over(order_by=run.c.number)
    climbing = (
        select(run.c.number, run.c.p, run.c.p_o, run.c.p_s, so_far.label("best"))
        .where(run.c.study_id == study_id, run.c.state == "complete", run.c.p.is_not(None))
        .subquery()
    )
    query = select(climbing).where(climbing.c.p == climbing.c.best).order_by(climbing.c.number)
    steps: list[tuple[int, float]] = []
    best: Best | None = None
    for row in connection.execute(query):
        if best is None or row.p > best.p:
            best = Best(number=row.number, p=row.p, p_o=row.p_o, p_s=row.p_s)
            steps.append((best.number, best.p))
    return Climb(complete, tuple(steps), best)
