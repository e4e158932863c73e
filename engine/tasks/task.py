"""A task: as the catalog knows it, and with its rows in memory."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.spec.protocol import Count
from engine.tasks.cache import Stamp, files_stamp
from engine.tasks.rows import RawTask
from engine.tasks.subsets import Subset, split_name


class Origin(Struct, frozen=True, kw_only=True):
    """Where the rows of a task come from; every source has a kind of its own."""

    def read(self, entry: "TaskEntry") -> RawTask:
        """Read all rows.

        Raises:
            UsageError: they are not to be had, or are not what the entry says.
        """
        raise NotImplementedError

    def is_here(self) -> bool:
        """Whether the rows are on this machine, as far as is known without reading them."""
        return True

    def files(self) -> Sequence[Path]:
        """Return the local files that hold the rows; none where there are none to look at."""
        return ()


class TaskEntry(Struct, frozen=True, kw_only=True):
    """What is known of a task without reading its rows."""

    name: str
    title: str
    description: str
    origin: Origin
    epochs: Count
    """How long to learn it where the protocol leaves that to the task."""
    labels: tuple[str, ...] = ()
    """Names of the classes in the order of their indices; empty: whatever the rows hold."""
    unlabelled: tuple[str, ...] = ()
    """Labels that say that a row has none; such rows are left out."""
    validation_rows: Count | None = None
    """Only the first rows of the validation split count."""
    group_by_passage: bool = False
    """Rows of one passage (sentence2) stay together, on one side of every split."""
    subset: Subset | None = None
    """The part of the task that this is; None: all of it."""

    @property
    def whole(self) -> str:
        """The name of the task that this is, or is a part of."""
        return split_name(self.name)[0]

    def stamp(self) -> Stamp:
        """Return the stamp of the files that hold the rows."""
        return files_stamp(self.origin.files())


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
