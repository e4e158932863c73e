"""What was asked for and is being checked: it can be called off until it is written."""

from threading import Lock
from typing import Literal


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
