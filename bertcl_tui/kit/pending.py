"""What was asked for: it can be called off until it is written, and is told of on any screen."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Literal

from textual.app import App

from bertcl_tui.kit.messages import Trouble
from engine.errors import EngineError


class CancelledError(Exception):
    """Nothing shall be written."""


class Pending:
    """What was asked for: it is called off or carried out, whichever comes first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._decided: Literal["called off", "carried out"] | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing will come of it."""
        return self._decided == "called off"

    def cancel(self) -> bool:
        """Let nothing be written; False where it is too late for that."""
        with self._lock:
            self._decided = self._decided or "called off"
        return self.is_cancelled

    def carry_out(self) -> None:
        """Say that it is written now.

        Raises:
            CancelledError: it was called off.
        """
        with self._lock:
            self._decided = self._decided or "carried out"
        if self.is_cancelled:
            raise CancelledError


def carry_out(app: App[Any], work: Callable[[], str], *, group: str) -> None:
    """Do in a thread what a person asked for, and tell what came of it on any screen.

    For the app to tell it: a screen that was left hears nothing, and finds the app no more.

    Args:
        app: whose thread works.
        work: may block; returns a line to be told, or nothing.
        group: of threads that do the same, such as export.
    """

    def carried_out() -> None:
        try:
            said = work()
        except EngineError as error:
            app.post_message(Trouble(str(error)))
            return
        if said:
            app.call_from_thread(app.notify, said, markup=False)

    app.run_worker(carried_out, thread=True, group=group)
