"""When a search has come to an end, and to which: for lists, and for all who wait for one.

One that is paused, or waits for workers, has not; what failed, or was set aside as what it needs is
gone, waits for a person.
"""

from typing import Literal

from msgspec import Struct
from sqlalchemy import select

from engine.errors import EngineError, shown
from engine.store.connection import Store
from engine.store.schema import run
from engine.store.searches import has_enough, has_trial_under_way
from engine.store.states import ENDED, ENDED_EARLY, SET_ASIDE, Desired
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
            raise EngineError(
                f"study '{shown(self.name)}' is paused, {self.reason}; then resume it"
            )


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
    left = select(run.c.id).where(run.c.study_id == study_id, run.c.state.not_in(ENDED)).limit(1)
    with store.at_one_moment() as now, now.reading() as connection:
        study = get_study(now, study_id)
        unfinished = connection.execute(left).first() is not None
        how = how_it_ended(
            origin=study.origin,
            desired=study.desired,
            reason=study.reason,
            enough=not unfinished and has_enough(now, study_id),
            unfinished=unfinished,
            at_work=unfinished and has_trial_under_way(now, study_id),
        )
    return None if how is None else Ending(how=how, name=study.name, reason=study.reason)
