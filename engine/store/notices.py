"""Hearing of what is written to a store, so that nobody has to ask it again and again.

A PostgreSQL server tells by itself: triggers (migration 0010) send a notice in the transaction that
changes something, so that it is heard when the change is there, and never where it is not. Told is
what people and workers wait for, not each step and heartbeat: a server sends notices one by one.

- ``work``: there may be something to do or to obey: what studies, runs and workers shall do, a run
  that is queued, given back or ended, a first stage that is learnt, a worker that ended.
- ``news``: there is something else to be seen.

A file tells nothing. Nor does a server while the connection is lost over which it would; that is
opened again, and what may have been missed counts as heard.
"""

import time
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy.exc import SQLAlchemyError

from engine.store.connection import Store
from engine.store.servers import can_listen, driver_error, listening_connection

if TYPE_CHECKING:
    from psycopg import Connection

    Line = Connection[Any]

CHANNEL: Final = "bertcl"
"""Also in migration 0010, which stays as it is."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0

Topic = Literal["work", "news"]


class Notices:
    """Listens to a store, if it tells anything. One thread at a time asks.

    Args:
        store: a server or a file.
        topic: what alone is listened to; None: all.
    """

    def __init__(self, store: Store, topic: Topic | None = None) -> None:
        self._store = store
        self._topic = topic
        self._can_listen = can_listen(store.engine)
        self._line: Line | None = None
        self._heard = 0
        self._pause = _FIRST_PAUSE
        self._tries_at = float("-inf")

    @property
    def listens(self) -> bool:
        """Whether what is written is heard of, so that it need not be asked for."""
        return self._line is not None

    def count(self, within: float = 0.0) -> int:
        """Return how many notices were heard by now; wait for one so many seconds at most.

        Where nothing can be heard nobody waits. The server is asked nothing.
        """
        if self._line is None:
            self._listen()
        if self._line is not None:
            self._hear(self._line, within)
        return self._heard

    def close(self) -> None:
        """Listen no more."""
        if self._line is not None:
            self._let_go(self._line)
        self._can_listen = False

    def _listen(self) -> None:
        """Open the connection, again and again with growing pauses where that fails."""
        if not self._can_listen or time.monotonic() < self._tries_at:
            return
        try:
            line = listening_connection(self._store.engine, CHANNEL)
        except (SQLAlchemyError, driver_error()):
            self._rest()
            return
        self._line, self._pause = line, _FIRST_PAUSE
        self._heard += 1  # what was written before nobody has told

    def _hear(self, line: "Line", within: float) -> None:
        try:
            first, rest = line.notifies(timeout=within, stop_after=1), line.notifies(timeout=0)
            for notice in chain(first, rest):
                if self._topic in (None, notice.payload):
                    self._heard += 1
        except driver_error():
            self._let_go(line)
            self._rest()
            self._heard += 1

    def _rest(self) -> None:
        self._tries_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _let_go(self, line: "Line") -> None:
        self._line = None
        line.close()


class Heard:
    """What one who listens knows already.

    Args:
        notices: where others may listen too.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._known = notices.count()

    @property
    def listens(self) -> bool:
        """Whether what is written is heard of."""
        return self._notices.listens

    def anything(self, within: float = 0.0) -> bool:
        """Whether there was a notice since the last call; wait for one so many seconds at most."""
        known, self._known = self._known, self._notices.count()
        if known == self._known and within > 0:
            self._known = self._notices.count(within)
        return known != self._known
