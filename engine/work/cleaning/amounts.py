"""What is looked at when a store is cleaned, and how much of something there is and can go."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from msgspec import Struct

from engine.files import StoredFile, delete
from engine.places import Place
from engine.store.connection import Store
from engine.store.places import place_of
from engine.store.workers import WorkerRecord, living_workers
from engine.work.processes import is_alive

LONG_AGO: Final = 30 * 86400.0
"""Seconds without use after which something may go that is of little use."""


class Amount(Struct, frozen=True):
    """How many there are of something, and how large they are together."""

    count: int
    bytes: int


class Stock(Struct, frozen=True, kw_only=True):
    """How much there is of a kind, and how much of it can go."""

    kind: str
    there: Amount
    can_go: Amount


class Piece(Struct, frozen=True):
    """A file, or a folder as one thing, and whether it can go."""

    file: StoredFile
    can_go: bool
    delete: Callable[[Path], bool] = delete
    """How it goes; False where another was faster."""


@dataclass(frozen=True)
class Cleaning:
    """What is to be looked at, and from when on something was used long ago."""

    store: Store
    older: float = LONG_AGO
    """Seconds without use."""
    grace: float = 0.0
    """Seconds that even what nobody needs was not touched for."""

    @property
    def folder(self) -> Path:
        """Where the store's files lie; it may be a link that a person made."""
        return Path(os.path.realpath(self.store.folder))

    @cached_property
    def place(self) -> Place:
        """Where its checkpoints and first stages lie."""
        return place_of(self.store)

    def is_old(self, at: float) -> bool:
        """Whether what was used then is to go."""
        return at <= time.time() - self.older

    def living(self) -> list[WorkerRecord]:
        """Return the workers that have not ended; of another machine nobody knows better."""
        return [item for item in living_workers(self.store) if is_alive(item.identity)]


def amount_of(files: Sequence[StoredFile]) -> Amount:
    """Return how many files these are, and how large together."""
    return Amount(len(files), sum(file.size for file in files))
