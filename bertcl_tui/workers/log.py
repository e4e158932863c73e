"""One look at the log: what its view asks of the store, and what comes back. May block."""

from typing import Final

from msgspec import Struct

from bertcl_tui.store.reader import Reader
from bertcl_tui.store.rows import LogFilter, LogWindow, Towards

WINDOW: Final = 400
"""Lines that are held at once; the store has the others."""


class Seek(Struct, frozen=True, kw_only=True):
    """A search for the next line that has the text."""

    from_id: int | None
    towards: Towards


class LogQuestion(Struct, frozen=True, kw_only=True):
    """What is asked."""

    where: LogFilter = LogFilter()
    around: int | None = None
    """Id of a line in the midst of the window; None: the last ones, as they come."""
    text: str = ""
    """What is searched for; empty: nothing."""
    seek: Seek | None = None


class LogLook(Struct, frozen=True, kw_only=True):
    """What the store said."""

    question: LogQuestion
    window: LogWindow
    landed: int | None
    """Id of the line that was sought."""
    hits: int
    """How many lines have the text that is searched for."""


def look_at_log(reader: Reader, question: LogQuestion) -> LogLook:
    """Ask the store."""
    landed, around = None, question.around
    where, text, seek = question.where, question.text, question.seek
    if text and seek is not None:
        landed = reader.find_line(where, text, from_id=seek.from_id, towards=seek.towards)
        around = landed if landed is not None else around
    return LogLook(
        question=question,
        window=reader.log_window(where, around=around, limit=WINDOW),
        landed=landed,
        hits=reader.count_hits(where, text) if text else 0,
    )
