"""The log, line by line."""

from typing import Literal

from msgspec import Struct

Towards = Literal["earlier", "later"]
LogLevel = Literal["debug", "info", "warning", "error"]


class LogFilter(Struct, frozen=True, kw_only=True):
    """Which lines of the log."""

    least: LogLevel = "debug"
    """Only what is so grave, or more."""
    worker_id: int | None = None
    pid: int | None = None
    """Of a worker, whether it lives or not."""
    run_id: int | None = None
    study_id: int | None = None
    text: str = ""
    """What a line must have in it; upper and lower case are the same."""


class LogLine(Struct, frozen=True, kw_only=True):
    """One line for people."""

    id: int
    at: float
    level: str
    worker_id: int | None
    run_id: int | None
    text: str
    pid: int | None = None
    """Of the worker that said it, as are its host and its own file."""
    host: str | None = None
    log_file: str | None = None
    study_id: int | None = None
    """Of the trial it is about, as is its number."""
    number: int | None = None


class LogWindow(Struct, frozen=True, kw_only=True):
    """Lines of the log that stand together, oldest first."""

    lines: tuple[LogLine, ...]
    before: int
    """How many fitting ones stand before them."""
    total: int
    """How many fitting ones there are."""

    @property
    def is_end(self) -> bool:
        """Whether nothing stands after them."""
        return self.before + len(self.lines) >= self.total
