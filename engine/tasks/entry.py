"""A task as the catalog knows it, before a row is read."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from engine.spec.protocol import Count
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
