"""Watching store and machine in threads, for as long as the app is open; telling the desktop."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from textual.app import App
from textual.worker import get_current_worker

from bertcl_tui.kit.live import StoreChanged
from bertcl_tui.kit.messages import Trouble
from bertcl_tui.news import Herald, News
from bertcl_tui.store.reader import Reader
from bertcl_tui.workers.loads import LoadRead, WorkersRead
from engine.errors import EngineError, UsageError

_POLL_SECONDS: Final = 0.1
_LEAST_SECONDS: Final = 0.25
"""Between two readings, however much is written."""
_MOST_SECONDS: Final = 2.0
"""Between two readings, however little is written: time alone makes a run stalled or lost."""
_MOST_QUIET_SECONDS: Final = 60.0
"""Where the store tells what is written and nobody works: only how long ago something was grows."""
_METER_SECONDS: Final = 1.0
_TITLE: Final = "bertcl"
_LONGEST: Final = 200
_SHOW_OSC_9: Final = frozenset({"iTerm.app", "iTerm2", "WezTerm", "ghostty", "kitty"})
_SHOW_OSC_777: Final = ("foot", "rxvt-unicode")


class StoreWatch:
    """Posts ``StoreChanged`` to the app when there is something new to read, and finds the news.

    Args:
        app: gets the messages; it ends, with one line, where the store is none.
        reader: of the store.
        announce: called in the app's loop with each piece of news.
    """

    def __init__(self, app: App[None], reader: Reader, announce: Callable[[News], None]) -> None:
        self._app = app
        self._reader = reader
        self._announce = announce
        self.herald = Herald(reader)

    def start(self) -> None:
        """Watch from now on. The first look loads the database library."""
        self._app.run_worker(self._watch, thread=True, exclusive=True, group="watch")

    def _watch(self) -> None:
        worker = get_current_worker()
        seen: int | None = None
        version: int | None = None
        posted_at = 0.0
        while not worker.is_cancelled:
            try:
                version = self._reader.version()
            except UsageError as error:
                self._app.call_from_thread(self._app.exit, return_code=2, message=str(error))
                return
            except EngineError as error:
                self._app.post_message(Trouble(str(error)))
            quiet = time.monotonic() - posted_at
            if quiet > self._most_seconds or (version != seen and quiet > _LEAST_SECONDS):
                seen, posted_at = version, time.monotonic()
                self._app.post_message(StoreChanged())
                self._look_for_news()
            elif self.herald.is_behind:
                self._look_for_news()
            worker.cancelled_event.wait(_POLL_SECONDS)

    @property
    def _most_seconds(self) -> float:
        is_quiet = self._reader.hears and not self.herald.changes_by_itself
        return _MOST_QUIET_SECONDS if is_quiet else _MOST_SECONDS

    def _look_for_news(self) -> None:
        try:
            for item in self.herald.look():
                self._app.call_from_thread(self._announce, item)
            if not self.herald.is_behind:
                self._app.post_message(WorkersRead(self.herald.workers))
        except EngineError as error:
            self._app.post_message(Trouble(str(error)))


class LoadWatch:
    """Posts ``LoadRead`` to the app, every second, with what this machine's meters say."""

    def __init__(self, app: App[None]) -> None:
        self._app = app

    def start(self) -> None:
        """Watch from now on. The first look loads the libraries of the meters."""
        self._app.run_worker(self._watch, thread=True, group="watch")

    def _watch(self) -> None:
        from engine.work.machine import MachineMeter

        worker, meter = get_current_worker(), MachineMeter()
        while not worker.cancelled_event.wait(_METER_SECONDS):
            self._app.post_message(LoadRead(time.monotonic(), meter.read()))


def desktop_sequence(text: str, environment: Mapping[str, str]) -> str:
    """Return what is written to the terminal so that it shows this; empty where it cannot.

    Args:
        text: one line; anything in it that a terminal would obey is taken out.
        environment: of the process.
    """
    plain = "".join(letter for letter in text if letter.isprintable()).replace(";", ",")[:_LONGEST]
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL", "")
    if program in _SHOW_OSC_9 or term in {"xterm-kitty", "xterm-ghostty"}:
        return f"\x1b]9;{_TITLE}: {plain}\x07"
    if term.startswith(_SHOW_OSC_777):
        return f"\x1b]777;notify;{_TITLE};{plain}\x07"
    return ""
