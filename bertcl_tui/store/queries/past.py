"""A study as it stood at a moment, by when its runs ended."""

from collections import Counter

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, func, select

from bertcl_tui.store.queries.climbs import best_of
from bertcl_tui.store.queries.trials import scored
from bertcl_tui.store.study_rows import StudyRow
from bertcl_tui.store.trial_rows import Ending, TrialState
from engine.store.racing import Contender, best_first, races_of
from engine.store.runs import Scores, is_trial
from engine.store.schema import run


def endings(connection: Connection, study_id: int) -> tuple[Ending, ...]:
    """Return when each ended trial of a study did, in that order."""
    query = select(run.c.finished_at, run.c.number).where(_ended(study_id))
    found = connection.execute(query.order_by(run.c.finished_at, run.c.id))
    return tuple(Ending(at, number) for at, number in found.all())


def complete_by(connection: Connection, study_id: int, until: float) -> int:
    """Return how many trials of a study were complete at a moment."""
    complete = (run.c.state == "complete") & (run.c.finished_at <= until)
    query = select(func.count()).select_from(run).where(_ended(study_id), complete)
    return int(connection.execute(query).scalar_one())


def as_it_stood(connection: Connection, study: StudyRow, until: float) -> StudyRow:
    """Return a study as it was at a moment, by its runs that had ended.

    How fast it was and what was spent is not kept; its state is that of now.
    """
    states = (
        select(run.c.state, func.count())
        .where(_ended(study.id), run.c.finished_at <= until)
        .group_by(run.c.state)
    )
    counts: Counter[TrialState] = Counter(dict(connection.execute(states).all()))
    races = races_of(connection, study.id, until)
    found = best_first(
        Contender(
            run_id=trial.run_id,
            number=trial.number,
            own=Scores(p_o=trial.p_o, p_s=trial.p_s),
            races=races.get(trial.run_id, ()),
        )
        for trial in scored(connection, study.id, until)
    )
    return replace(
        study,
        counts=dict(counts),
        best=best_of(found[0]) if found else None,
        climb=(),
        races=sum(map(len, races.values())),
        spending=None,
        rate=None,
        tokens_rate=None,
        eta=None,
    )


def _ended(study_id: int) -> ColumnElement[bool]:
    return (run.c.study_id == study_id) & is_trial() & run.c.finished_at.is_not(None)
