"""The terminal app: which screens there are and how one comes to another."""

import time
from typing import ClassVar

from textual import on, work
from textual.app import App
from textual.binding import BindingType
from textual.worker import get_current_worker

from bertcl_tui import messages, themes
from bertcl_tui.actions import bindings_of
from bertcl_tui.read import Reader
from bertcl_tui.screens.live import LiveScreen
from bertcl_tui.screens.studies import StudiesScreen
from bertcl_tui.wishes import wish_for_studies
from engine.errors import EngineError

_POLL_SECONDS = 0.1
_QUIET_SECONDS = 2.0
"""How long nothing may be read again: time alone makes a run stalled or lost."""


class BertclApp(App[None]):
    """Shows the studies of one store.

    Args:
        store: URL, or path of a SQLite file, which need not exist yet.
    """

    TITLE = "bertcl"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("app")]

    def __init__(self, store: str = "studies.db") -> None:
        super().__init__()
        self.store = store
        self.reader = Reader(store)
        self.marks: dict[int, frozenset[int]] = {}
        """Marked trial numbers by study id, for as long as the app is open."""

    def on_mount(self) -> None:
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        self.theme = themes.DARK.name
        self.push_screen(StudiesScreen(self.reader))
        self.call_after_refresh(self.watch_store)

    @work(thread=True, exclusive=True, group="watch")
    def watch_store(self) -> None:
        """Tell when the store changes. The first look imports the database library."""
        worker = get_current_worker()
        seen, told_at = None, 0.0
        while not worker.is_cancelled:
            version = self.reader.version()
            if version != seen or time.monotonic() - told_at > _QUIET_SECONDS:
                seen, told_at = version, time.monotonic()
                self.post_message(messages.StoreChanged())
            time.sleep(_POLL_SECONDS)

    @on(messages.StoreChanged)
    def _store_changed(self) -> None:
        for screen in reversed(self.screen_stack):
            if isinstance(screen, LiveScreen):
                screen.follow()
                return

    @on(messages.Trouble)
    def _trouble(self, message: messages.Trouble) -> None:
        self.notify(message.text, severity="error", markup=False)

    @on(messages.OpenNewStudy)
    def _open_new_study(self) -> None:
        from bertcl_tui.screens.new_study import NewStudyScreen

        self.push_screen(NewStudyScreen(self.reader))

    @on(messages.OpenCombine)
    def _open_combine(self) -> None:
        from bertcl_tui.screens.combine import CombineScreen

        self.push_screen(CombineScreen(self.marks, self.reader))

    @on(messages.Wish)
    @work(thread=True, group="wishes")
    def _wish(self, message: messages.Wish) -> None:
        try:
            wish_for_studies(self.store, message.study_ids, message.desired)
        except EngineError as error:
            self.post_message(messages.Trouble(str(error)))

    @on(messages.WorkersWanted)
    @work(thread=True, group="wishes")
    def _workers_wanted(self) -> None:
        from engine.work.supervisor import ensure_workers

        try:
            ensure_workers(self.store)
        except EngineError as error:
            self.post_message(messages.Trouble(str(error)))

    def action_leave(self) -> None:
        self.exit()
