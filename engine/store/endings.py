"""When a search or run has come to an end, and to which: for lists, and for all who wait for one.

One that is paused, or waits for workers, has not; what failed, or was set aside as what it needs is
gone, waits for a person.
"""

from typing import Literal

from msgspec import Struct
from sqlalchemy import func, select

from engine.errors import DeletedError, EngineError, shown
from engine.store.connection import Store
from engine.store.leases import has_trial_under_way
from engine.store.runs import RunRecord
from engine.store.schema import run, study, tally
from engine.store.searches import has_enough
from engine.store.states import ENDED, ENDED_EARLY, SET_ASIDE, UNFINISHED, Desired
from engine.store.studies import get_study

How = Literal["complete", "stopped", "failed", "set aside"]

SEARCHED = "search"
"""Where a study is from that has trials proposed; others came with theirs."""


class Ending(Struct, frozen=True, kw_only=True):
    """How a search came to its end."""

    how: How
    name: str
    """Of the study."""
    reason: str | None

    def require_good(self) -> None:
        """See that it is complete, or was stopped by hand.

        Raises:
            EngineError: it failed, or waits for a person.
        """
        if self.how == "failed":
            raise EngineError(f"study '{shown(self.name)}' failed: {self.reason}")
        if self.how == "set aside":
            raise _is_set_aside(f"study '{shown(self.name)}'", self.reason)


def how_it_ended(
    *,
    origin: str,
    desired: Desired,
    reason: str | None,
    enough: bool,
    unfinished: bool,
    at_work: bool,
) -> How | None:
    """Return how a search ended; None: it has not.

    Args:
        origin: where the study is from.
        desired: what people want of it.
        reason: that is given for it.
        enough: whether it wants neither trials nor races.
        unfinished: whether it has runs that are not ended.
        at_work: whether a worker that gets on is at one of them.
    """
    if origin != SEARCHED or (enough and not unfinished):
        return "complete"
    if desired == "running" or at_work:
        return None
    if reason is not None and not reason.startswith((ENDED_EARLY, SET_ASIDE)):
        return "failed"
    if desired == "stopped":
        return "stopped"
    return "set aside" if reason is not None and reason.startswith(SET_ASIDE) else None


def find_ending(store: Store, study_id: int) -> Ending | None:
    """Return how a search ended, as the store has it now; None: it has not.

    Raises:
        DeletedError: it is there no more.
    """
    left = select(run.c.id).where(run.c.study_id == study_id, run.c.state.in_(UNFINISHED)).limit(1)
    with store.at_one_moment() as now, now.reading() as connection:
        searched = get_study(now, study_id)
        unfinished = connection.execute(left).first() is not None
        how = how_it_ended(
            origin=searched.origin,
            desired=searched.desired,
            reason=searched.reason,
            enough=not unfinished and has_enough(now, study_id),
            unfinished=unfinished,
            at_work=unfinished and has_trial_under_way(now, study_id),
        )
    return None if how is None else Ending(how=how, name=searched.name, reason=searched.reason)


def find_progress(store: Store, study_id: int) -> tuple[int, int] | None:
    """Return how far a search is: how many runs have ended, and the steps of those that have not.

    It costs the same however many trials there are. None: the search shall rest.

    Raises:
        DeletedError: it is there no more.
    """
    ended = func.sum(tally.c.trials + tally.c.races)
    taken = select(func.sum(run.c.step)).where(
        run.c.study_id == study_id, run.c.state.in_(UNFINISHED)
    )
    query = (
        select(study.c.desired, func.coalesce(ended, 0), func.coalesce(taken.scalar_subquery(), 0))
        .outerjoin(tally, (tally.c.study_id == study.c.id) & tally.c.state.in_(ENDED))
        .where(study.c.id == study_id)
        .group_by(study.c.id)
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise DeletedError(f"study {study_id} was deleted")
    desired, ended_runs, steps = row
    return (int(ended_runs), int(steps)) if desired == "running" else None


def find_why_waiting(store: Store, study_id: int) -> str | None:
    """Return why a search does not get on, as it says or a run of its; None: nothing is said."""
    said = (
        select(run.c.reason)
        .where(run.c.study_id == study_id, run.c.state.in_(UNFINISHED), run.c.reason.is_not(None))
        .order_by(run.c.id)
        .limit(1)
    )
    of_study = select(func.coalesce(study.c.reason, said.scalar_subquery()))
    with store.reading() as connection:
        reason: str | None = connection.execute(of_study.where(study.c.id == study_id)).scalar()
    return reason


def require_not_set_aside(waiting: RunRecord) -> None:
    """See that a run does not wait for a person.

    Raises:
        EngineError: what it needs is gone.
    """
    if waiting.is_set_aside:
        raise _is_set_aside(waiting.name, waiting.reason)


def _is_set_aside(what: str, reason: str | None) -> EngineError:
    return EngineError(f"{what} is paused, {reason}; then resume it")
