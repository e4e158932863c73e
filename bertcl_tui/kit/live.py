"""A screen that follows the store, and the news that it gets of it."""

from abc import abstractmethod
from typing import ClassVar

from textual import on, work
from textual.message import Message
from textual.screen import Screen

from bertcl_tui.kit.messages import Trouble
from bertcl_tui.widgets.chart import CurveChart
from engine.errors import EngineError


class Folding(Message):
    """News of which only the latest counts: one waiting in the queue is replaced."""

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self)


class StoreChanged(Folding):
    """Something was written to the store, or a while has passed."""


class LiveScreen(Screen[None]):
    """Reads in a thread what it shows, whenever the store changed, one reading at a time."""

    AUTO_FOCUS: ClassVar[str | None] = None

    class _ReadingEnded(Message):
        """The thread is free again."""

    def __init__(self) -> None:
        super().__init__()
        self._reading = False
        self._behind = False

    @abstractmethod
    def read(self) -> Folding:
        """Ask the store, in a thread, for all that is shown; return it as a message."""

    def follow(self) -> None:
        """Read again as soon as may be."""
        if self._reading:
            self._behind = True
            return
        self._reading, self._behind = True, False
        self._read_in_thread()

    def on_screen_resume(self) -> None:
        # After the frame: the first reading imports the database library.
        self.call_after_refresh(self.follow)

    @work(thread=True, exclusive=True, group="read")
    def _read_in_thread(self) -> None:
        try:
            self.post_message(self.read())
        except EngineError as error:
            self.post_message(Trouble(str(error)))
        finally:
            self.post_message(self._ReadingEnded())

    def lose(self, text: str) -> None:
        """Leave, and say why: what was shown is gone.

        Where something lies over the screen that waits until one comes back: then it reads again.
        """
        if self.is_active:
            self.app.post_message(Trouble(text))
            self.dismiss()

    @on(CurveChart.Pointed)
    def _read_all_there(self, message: CurveChart.Pointed) -> None:
        """Let every chart over steps tell its values where one of them is read."""
        for chart in self.query(CurveChart):
            if chart is not message.chart:
                chart.point_at(message.step)

    @on(_ReadingEnded)
    def _reading_ended(self) -> None:
        self._reading = False
        if self._behind:
            self.follow()
