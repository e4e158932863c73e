"""A task with its rows in memory."""

from collections.abc import Iterable
from hashlib import blake2b

import msgspec
from msgspec import Struct


class Examples(Struct, frozen=True):
    """Labelled sentences, or sentence pairs."""

    sentence1: list[str]
    sentence2: list[str] | None
    labels: list[int]
    """Indices of classes."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def take(self, rows: Iterable[int]) -> "Examples":
        """Return these rows, in this order."""
        rows = list(rows)
        return Examples(
            sentence1=[self.sentence1[row] for row in rows],
            sentence2=self.sentence2 and [self.sentence2[row] for row in rows],
            labels=[self.labels[row] for row in rows],
        )

    def fingerprint(self) -> str:
        """Return a hash of every text and label."""
        return blake2b(msgspec.msgpack.encode(self), digest_size=16).hexdigest()


def rows_fingerprint(train: Examples, validation: Examples) -> str:
    """Return a hash of every text and label of both splits."""
    both = train.fingerprint() + validation.fingerprint()
    return blake2b(both.encode(), digest_size=16).hexdigest()


class TaskData(Struct, frozen=True, kw_only=True):
    """A task as it was read."""

    name: str
    labels: tuple[str, ...]
    """Names of the classes, in the order of their indices."""
    epochs: int
    """How long to learn it where the protocol leaves that to the task."""
    train: Examples
    validation: Examples
    group_by_passage: bool
    """Rows of one passage (sentence2) stay together, on one side of every split."""
    fingerprint: str
    """A hash of every text and label of both splits."""

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return len(self.labels)
