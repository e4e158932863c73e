"""The screen's and the command line's view of the store: small plain queries, a change counter."""

import time
from collections.abc import Callable
from pathlib import Path

from bertcl_tui.rows import StudyRow


class Reader:
    """Looks into a store that may not exist yet; never makes one. Every call may block."""

    def __init__(self, store: str, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self._clock = clock

    @property
    def exists(self) -> bool:
        """Whether there is a store to look into."""
        return "://" in self.store or Path(self.store).expanduser().exists()

    def version(self) -> int:
        """Return a number that is another one after every commit."""
        return 0

    def studies(self) -> tuple[StudyRow, ...]:
        """Return every study, oldest first."""
        return ()

    def close(self) -> None:
        """Let go of the store."""
