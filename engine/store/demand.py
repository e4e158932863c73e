"""How much there is to be done: for how many workers a store has something, now.

Who places workers on machines asks this; which run each of them takes is for the worker to say.
"""

from collections.abc import Collection

from sqlalchemy import func, or_, select

from engine.store.connection import Store
from engine.store.leases import (
    device_asked,
    held,
    learns_first_stage,
    of_deleted_study,
    unheld,
    waits_for_first_stage,
)
from engine.store.schema import run
from engine.store.searches import trials_wanted
from engine.store.states import LOST_AFTER
from engine.store.workers import living_workers


def work_wanted(store: Store, devices: Collection[str]) -> int:
    """Return how many runs are under way or could be, on workers that can use these devices.

    A trial that a search has not proposed yet is one; of a search in order, no more than may be
    under way at once. What waits for another run's first stage is none.
    """
    with store.at_one_moment() as now:
        return _work_wanted(now, devices)


def _work_wanted(store: Store, devices: Collection[str]) -> int:
    asked = run.c.desired == "running"
    with store.reading() as connection:
        fitting = asked & device_asked(connection).in_(devices)
        now = or_(held(), unheld() & ~waits_for_first_stage()) & ~of_deleted_study()
        query = select(func.count()).select_from(run).where(fitting, now)
        there = connection.execute(query).scalar_one()
    wanted = trials_wanted(store, devices)
    return there + sum(
        trials for study_id, trials in wanted.items() if not learns_first_stage(store, study_id)
    )


def workers_at_it(store: Store, *, besides: Collection[int] = ()) -> int:
    """Return how many living workers a store has that were heard of lately.

    Args:
        store: whose.
        besides: ids of some that do not count.
    """
    there = living_workers(store)
    return sum(item.id not in besides and abs(item.silent) <= LOST_AFTER for item in there)
