"""The place behind the caches of many machines: what one of them computed, the others fetch.

It saves time and is never worth a failure: where it is in trouble, work goes on without it, which
is said once, and it is left alone for a while. Light.
"""

import logging
import time
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, TypeVar

from engine.errors import EngineError, reason_of
from engine.files import StoredFile, make_room
from engine.places import Place
from engine.places.named import CACHES

_REST_SECONDS: Final = 300.0
"""To ask a place that is down may take a minute each time."""

Value = TypeVar("Value")

_log = logging.getLogger(__name__)


def shared_cache() -> "SharedCache | None":
    """Return the place that was named for caches, as this process knows it; None: none was."""
    return _shared_at(CACHES.url) if CACHES.url else None


class SharedCache:
    """A place for caches, and whether it is of use just now."""

    def __init__(self) -> None:
        self._trouble: str | None = None
        self._is_told = True
        self._rests_until = float("-inf")

    @cached_property
    def place(self) -> Place:
        """Where it is.

        Raises:
            UsageError: it is no place.
        """
        place = CACHES.place()
        assert place is not None
        return place

    def fetch(self, name: str, take: Callable[[Path], Value | None]) -> Value | None:
        """Return what is taken of a file; None where it is not there, or not to be had just now.

        Args:
            name: of the file.
            take: reads it; None: it cannot be read.
        """

        def fetched() -> Value | None:
            with self.place.fetched(name) as path:
                found = take(path) if path.exists() else None
            if found is not None:
                self.place.note_use(name)
            return found

        return self._try(fetched)

    def send(
        self,
        name: str,
        save: Callable[[Path], object],
        *,
        others: Callable[[Place], Iterable[StoredFile]],
        most: int,
    ) -> None:
        """Keep a file there, if that can be just now.

        Args:
            name: of the file.
            save: writes it, as ``Place.write`` wants it.
            others: all files that are kept there, with this one.
            most: bytes that they may have together.
        """

        def sent() -> None:
            self.place.write(name, save)
            make_room(others(self.place), most, self.place.delete)

        self._try(sent)

    def news(self) -> str | None:
        """Return once what is wrong with it; None: nothing is, or it was said."""
        if self._is_told:
            return None
        self._is_told = True
        return self._trouble

    def _try(self, do: Callable[[], Value]) -> Value | None:
        if time.monotonic() < self._rests_until:
            return None
        try:
            found = do()
        except (EngineError, OSError) as error:
            self._fail(reason_of(error) if isinstance(error, OSError) else str(error))
            return None
        if self._trouble is not None:
            self._trouble, self._is_told = None, True
            _log.info("the shared caches are reached again")
        return found

    def _fail(self, trouble: str) -> None:
        self._rests_until = time.monotonic() + _REST_SECONDS
        if self._trouble is None:
            self._is_told = False
            _log.warning("goes on without the shared caches: %s", trouble)
        self._trouble = trouble


@lru_cache(maxsize=1)
def _shared_at(_: str) -> SharedCache:
    return SharedCache()
