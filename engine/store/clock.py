"""The store's own clock: heartbeats are written and judged by it, not by that of each machine.

A server has one; of a SQLite file it is that of the machine, on which all its users are. Even one
clock may be set. So a heartbeat from the future counts as little as one from long ago: whoever
lives writes the next one soon. And who looks right after the clock was set judges nobody
(``ClockWatch``).
"""

import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from engine.store.connection import Store
from engine.store.states import LOST_AFTER

_STEADY_AFTER: Final = 5.0
"""Seconds in which every worker that lives has written a heartbeat, and more than one."""
_STEP: Final = 1.0
_DRIFT: Final = 1e-3
"""Seconds per second by which two clocks may part that nobody sets."""


class _Now(FunctionElement[float]):
    type = Float()
    inherit_cache = True


@compiles(_Now)
def _of_a_server(_: _Now, __: SQLCompiler, **___: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(_Now, "sqlite")
def _of_a_file(_: _Now, __: SQLCompiler, **___: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return "((julianday('now') - 2440587.5) * 86400.0)"


def now() -> ColumnElement[float]:
    """Return the present moment, as a part of a statement: seconds since the epoch."""
    return _Now()


def read_clock(store: Store) -> float:
    """Return the present moment."""
    with store.reading() as connection:
        return float(connection.execute(select(now())).scalar_one())


def is_fresh(heartbeat_at: ColumnElement[float]) -> ColumnElement[bool]:
    """Return the condition under which a heartbeat is of a living worker."""
    return heartbeat_at.between(now() - LOST_AFTER, now() + LOST_AFTER)


def is_silent(heartbeat_at: ColumnElement[float]) -> ColumnElement[bool]:
    """Return the condition under which there was no heartbeat for too long."""
    return or_(heartbeat_at < now() - LOST_AFTER, heartbeat_at > now() + LOST_AFTER)


class ClockWatch:
    """Tells whether the store's clock went evenly for a while.

    Args:
        own: a clock that nobody sets. While the machine sleeps it stands still, and the store's
            seems to have been set.
    """

    def __init__(self, own: Callable[[], float] = time.monotonic) -> None:
        self._own = own
        self.steady = False
        """What ``is_steady`` said last."""
        self._before: tuple[float, float] | None = None
        self._even_since = float("inf")

    def is_steady(self, moment: float) -> bool:
        """Whether the age of a heartbeat can be believed; not yet when it is asked first.

        Args:
            moment: what the store's clock says now.
        """
        own = self._own()
        if self._before is None or self._has_jumped(moment, own, self._before):
            self._even_since = own
        self._before = moment, own
        self.steady = own - self._even_since >= _STEADY_AFTER
        return self.steady

    def _has_jumped(self, moment: float, own: float, before: tuple[float, float]) -> bool:
        passed = own - before[1]
        return abs(moment - before[0] - passed) > _STEP + _DRIFT * passed
