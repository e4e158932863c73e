"""Looks now and then, and tells what happened since it looked last. May block."""

import time
from collections.abc import Sequence
from typing import Final

from bertcl_tui.news.events import News, Scene, news
from bertcl_tui.store.reader import Reader

_LOOK_SECONDS: Final = 1.0


class Herald:
    """Knows how things stood; what was so at its first look is no news."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._before: Scene | None = None
        # Not at once: the first frame reads the same.
        self._looked_at = time.monotonic()

    @property
    def has_looked(self) -> bool:
        """Whether what happens from now on is told."""
        return self._before is not None

    def look(self) -> Sequence[News]:
        """Look, at most once a second, and return what happened.

        Raises:
            EngineError: the store cannot be read.
        """
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return ()
        self._looked_at = now
        before, self._before = self._before, self._scene()
        return () if before is None else tuple(news(before, self._before))

    def _scene(self) -> Scene:
        return Scene(
            studies=self._reader.studies(),
            workers=self._reader.workers(),
            arena=self._reader.arena_counts(),
        )
