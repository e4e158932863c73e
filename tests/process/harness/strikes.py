"""``python -m tests.process.harness.strikes SETTINGS STRIKE``: a worker that strikes itself down.

It is a worker like any other until it comes to the chosen point: a statement to the store, the
commit after it, the moment when that is done, or a file that is put in its place.
"""

import logging
import os
import signal
import sys
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import Pool

from engine.errors import EngineError
from engine.work.supervisor import WorkerSettings

Moment = Literal["before", "commit", "after", "rename"]


class Strike(Struct, frozen=True):
    """Where a worker is struck down."""

    moment: Moment
    what: str = ""
    """Beginning of a statement, or part of a file's name; empty: any write."""
    number: int = 1
    """The how manieth of them."""
    stops: bool = False
    """It is stopped, not killed: somebody will let it go on."""

    def __str__(self) -> str:
        verb = "stop" if self.stops else "kill"
        where = {"before": "before", "commit": "at the commit of", "after": "after"}
        if self.moment == "rename":
            return f"{verb} as {self.what} is put in its place ({self.number})"
        return f"{verb} {where[self.moment]} {self.what or 'a write'} ({self.number})"


class _Striker:
    """Counts until the strike is due. Only the thread that came to the point takes it further."""

    def __init__(self, strike: Strike) -> None:
        self._strike = strike
        self._seen = 0
        self._due = False

    def arm(self) -> None:
        if self._strike.moment == "rename":
            sys.addaudithook(self._at_audit)
            return
        event.listen(Engine, "before_cursor_execute", self._at_statement)
        event.listen(Engine, "commit", self._at_commit)
        event.listen(Pool, "checkin", self._at_checkin)

    def _at_audit(self, name: str, arguments: tuple[object, ...]) -> None:
        if name == "os.rename" and self._strike.what in str(arguments[1]):
            self._seen += 1
            if self._seen == self._strike.number:
                self._hit()

    def _at_statement(self, _: object, __: object, statement: str, *___: object) -> None:
        text = " ".join(statement.split())
        if text.startswith(("SELECT", "PRAGMA", "BEGIN")) or not text.startswith(self._strike.what):
            return
        self._seen += 1
        if self._seen == self._strike.number:
            if self._strike.moment == "before":
                self._hit()
            self._due = True

    def _at_commit(self, _: Connection) -> None:
        if self._due and self._strike.moment == "commit":
            self._hit()

    def _at_checkin(self, *_: object) -> None:
        if self._due:
            self._hit()

    def _hit(self) -> None:
        self._due = False
        os.kill(os.getpid(), signal.SIGSTOP if self._strike.stops else signal.SIGKILL)


def main() -> int:
    """Work as ``engine.work`` does, armed."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    settings = msgspec.json.decode(sys.argv[1], type=WorkerSettings)
    strike = msgspec.json.decode(sys.argv[2], type=Strike | None)
    from engine.work.worker import work

    if strike is not None:
        _Striker(strike).arm()
    try:
        work(settings)
    except EngineError as error:
        logging.getLogger("engine.work").critical("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
