"""The log, as the screen and the command line read it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from bertcl_tui.store.study_rows import LogFilter, LogLine, LogWindow, Towards

if TYPE_CHECKING:
    from sqlalchemy import Connection


class LogReader:
    """Reads lines, as ``Reader`` reads all else.

    Args:
        connected: gives a connection to the store, None where there is no store yet.
    """

    def __init__(
        self, connected: "Callable[[], AbstractContextManager[Connection | None]]"
    ) -> None:
        self._connected = connected

    def last(self, *, limit: int = 200, run_id: int | None = None) -> tuple[LogLine, ...]:
        """Return the last lines said, oldest first, by all or about one run."""
        return self.window(LogFilter(run_id=run_id), around=None, limit=limit).lines

    def window(self, where: LogFilter, *, around: int | None, limit: int) -> LogWindow:
        """Return so many lines around one, or the last ones; see ``queries.workers``."""
        with self._connected() as connection:
            if connection is None:
                return LogWindow(lines=(), before=0, total=0)
            from bertcl_tui.store.queries.workers import log_window

            return log_window(connection, where, around=around, limit=limit)

    def after(self, where: LogFilter, line: int, *, limit: int) -> tuple[LogLine, ...]:
        """Return the lines that were said after this one, oldest first."""
        with self._connected() as connection:
            if connection is None:
                return ()
            from bertcl_tui.store.queries.workers import lines_after

            return lines_after(connection, where, line, limit=limit)

    def find(
        self, where: LogFilter, text: str, *, from_id: int | None, towards: Towards
    ) -> int | None:
        """Return the id of the nearest other line that has this text, None where none has."""
        with self._connected() as connection:
            if connection is None:
                return None
            from bertcl_tui.store.queries.workers import find_line

            return find_line(connection, where, text, from_id=from_id, towards=towards)

    def count(self, where: LogFilter, text: str) -> int:
        """Return how many lines have this text."""
        with self._connected() as connection:
            if connection is None:
                return 0
            from bertcl_tui.store.queries.workers import count_hits

            return count_hits(connection, where, text)
