"""Watching store and machine in threads, for as long as the app is open."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from textual.app import App
from textual.worker import get_current_worker

from bertcl_tui.kit.live import StoreChanged
from bertcl_tui.kit.messages import Trouble
from bertcl_tui.news.events import News
from bertcl_tui.news.herald import Herald, Lookout
from bertcl_tui.news.rules import Budget
from bertcl_tui.store.reader import Reader
from bertcl_tui.workers.loads import LoadRead, WorkersRead
from engine.errors import EngineError, UsageError

_POLL_SECONDS: Final = 0.1
_METER_SECONDS: Final = 1.0


class StoreWatch:
    """Posts ``StoreChanged`` to the app when there is something new to read, and finds the news.

    Args:
        app: gets the messages; it ends, with one line, where the store is none.
        reader: of the store.
        announce: called in the app's loop with what happened.
        budgets: returns the amounts that somebody wants to be told of.
    """

    def __init__(
        self,
        app: App[None],
        reader: Reader,
        announce: Callable[[Sequence[News]], None],
        budgets: Callable[[], Sequence[Budget]],
    ) -> None:
        self._app = app
        self._reader = reader
        self._announce = announce
        self.herald = Herald(reader, budgets)

    def start(self) -> None:
        """Watch from now on. The first look loads the database library."""
        self._app.run_worker(self._watch, thread=True, exclusive=True, group="watch")

    def _watch(self) -> None:
        worker = get_current_worker()
        lookout = Lookout(self._reader, self.herald)
        while not worker.is_cancelled:
            try:
                is_due = lookout.is_due()
            except UsageError as error:
                self._app.call_from_thread(self._app.exit, return_code=2, message=str(error))
                return
            except EngineError as error:
                is_due = False
                self._app.post_message(Trouble(str(error)))
            if is_due:
                self._app.post_message(StoreChanged())
            if is_due or self.herald.is_behind:
                self._look_for_news()
            worker.cancelled_event.wait(_POLL_SECONDS)

    def _look_for_news(self) -> None:
        try:
            found = self.herald.look()
        except EngineError as error:
            self._app.post_message(Trouble(str(error)))
            return
        if not self.herald.is_behind:
            self._app.post_message(WorkersRead(self.herald.scene.workers))
        if found:
            self._app.call_from_thread(self._announce, found)


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
