"""An app around one screen, and the waiting for its threads."""

from collections.abc import Callable
from typing import Final

from textual.app import App
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import WorkerCancelled

from bertcl_tui.arena.messages import FillTable
from bertcl_tui.kit import messages
from bertcl_tui.store.reader import Reader
from bertcl_tui.style import themes

SIZE: Final = (120, 40)


class Host(App[None]):
    """Opens one screen over a store and keeps what it tells the app."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012 - as above

    def __init__(self, store: str, make_screen: Callable[[Reader], Screen[None]]) -> None:
        super().__init__()
        self.reader = Reader(store)
        self.opened = make_screen(self.reader)
        self.told: list[Message] = []

    def on_mount(self) -> None:
        self.register_theme(themes.DARK)
        self.theme = themes.DARK.name
        self.push_screen(self.opened)

    def on_unmount(self) -> None:
        self.reader.close()

    def on_open_study(self, message: messages.OpenStudy) -> None:
        self.told.append(message)

    def on_fill_table(self, message: FillTable) -> None:
        self.told.append(message)

    def on_start_workers(self, message: messages.StartWorkers) -> None:
        self.told.append(message)

    def on_trouble(self, message: messages.Trouble) -> None:
        self.told.append(message)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until no thread works and every message has been heard."""
    await pilot.pause()
    while working := [worker for worker in pilot.app.workers if not worker.is_finished]:
        for worker in working:
            try:
                await worker.wait()
            except WorkerCancelled:
                continue
        await pilot.pause()
    await pilot.pause()
