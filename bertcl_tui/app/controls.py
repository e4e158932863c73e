"""An app that writes to the store what its person wants."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual import on, work
from textual.worker import get_current_worker

from bertcl_tui.app.configured import SettledApp
from bertcl_tui.arena.messages import FillTable
from bertcl_tui.kit import messages
from bertcl_tui.settings import Settings
from bertcl_tui.store.control import (
    add_worker,
    control_runs,
    control_studies,
    control_worker,
    delete_study,
    retry_runs,
    start_workers,
)
from bertcl_tui.store.reader import Reader
from bertcl_tui.style.wording import count
from engine.errors import EngineError


class WishingApp(SettledApp):
    """Hears what is wanted and does it in threads; says in a line what cannot be done.

    Args:
        settings: what the person likes.
        path: where changes of it are kept; None: nowhere.
        reader: of the store.

    Raises:
        UsageError: keys are given that cannot be.
    """

    def __init__(self, settings: Settings | None, path: Path | None, reader: Reader) -> None:
        super().__init__(settings, path)
        self.store = reader.store
        self.reader = reader
        self.marks: dict[int, frozenset[int]] = {}
        """Marked trial numbers by study id, for as long as the app is open."""
        self.awaited: tuple[str, ...] = ()
        """Rows of a table that are asked for when searches are over, while the app is open."""

    @on(messages.ControlStudies)
    @work(thread=True, group="control")
    def _control_studies(self, message: messages.ControlStudies) -> None:
        self.attempt(partial(control_studies, self.store, message.study_ids, message.desired))

    @on(messages.ControlRuns)
    @work(thread=True, group="control")
    def _control_runs(self, message: messages.ControlRuns) -> None:
        self.attempt(partial(control_runs, self.store, message.run_ids, message.desired))

    @on(messages.RetryRuns)
    @work(thread=True, group="control")
    def _retry_runs(self, message: messages.RetryRuns) -> None:
        self._say("Checking data, model and device…")
        if self.attempt(partial(retry_runs, self.store, message.run_ids)):
            self._say(f"{count(len(message.run_ids), 'run')} queued again")

    @on(messages.StartWorkers)
    @work(thread=True, group="control")
    def _start_workers(self) -> None:
        self.attempt(partial(start_workers, self.store))

    @on(messages.AddWorker)
    @work(thread=True, group="control")
    def _add_worker(self, message: messages.AddWorker) -> None:
        self.attempt(partial(add_worker, self.store, message.device, message.threads))

    @on(messages.ControlWorker)
    @work(thread=True, group="control")
    def _control_worker(self, message: messages.ControlWorker) -> None:
        self.attempt(partial(control_worker, self.store, message.worker_id, message.desired))

    @on(messages.DeleteStudy)
    @work(thread=True, group="control")
    def _delete_study(self, message: messages.DeleteStudy) -> None:
        if self.attempt(partial(delete_study, self.store, message.study_id)):
            self.marks.pop(message.study_id, None)

    @on(FillTable)
    @work(thread=True, group="tables")
    def _fill_table(self, message: FillTable) -> None:
        """Tell what came of it, and ask for the rows that wait as soon as they can be had."""
        from bertcl_tui.arena.launching import describe, go_on

        worker = get_current_worker()
        request, first = message.request, message.launched
        self._say(describe(first))
        try:
            start_workers(self.store)
            self.awaited = first.waiting
            for launched in go_on(self.reader, request, first, lambda: worker.is_cancelled):
                start_workers(self.store)
                self.awaited = launched.waiting
                self._say(describe(launched))
        except EngineError as error:
            self.awaited = ()
            self.post_message(messages.Trouble(str(error)))

    def _say(self, text: str) -> None:
        self.call_from_thread(self.notify, text, markup=False)

    def attempt(self, deed: Callable[[], None]) -> bool:
        """Do something to the store, in a thread; tell the person if it cannot be done."""
        try:
            deed()
        except EngineError as error:
            self.post_message(messages.Trouble(str(error)))
            return False
        self.post_message(messages.StoreChanged())
        return True
