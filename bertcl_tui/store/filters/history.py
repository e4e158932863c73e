"""Filters that were in force before."""

from collections.abc import Sequence
from typing import Final

_MOST: Final = 100


class History:
    """Steps back and forth through earlier filters; what is being written stands at the end."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._texts = list(texts)
        self._place: int | None = None
        self._draft = ""

    def remember(self, text: str) -> None:
        """Keep a filter as the latest; the same one twice is kept once."""
        self._place = None
        if text.strip():
            self._texts = [*(kept for kept in self._texts if kept != text), text][-_MOST:]

    def older(self, current: str) -> str | None:
        """Return the one before, None where there is none."""
        place = len(self._texts) if self._place is None else self._place
        if place == 0:
            return None
        if self._place is None:
            self._draft = current
        self._place = place - 1
        return self._texts[self._place]

    def newer(self) -> str | None:
        """Return the one after, None where the person is not going back."""
        if self._place is None:
            return None
        self._place += 1
        if self._place < len(self._texts):
            return self._texts[self._place]
        self._place = None
        return self._draft

    def leave(self) -> None:
        """Begin at the end the next time."""
        self._place = None
