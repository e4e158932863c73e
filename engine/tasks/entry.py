"""A task as the catalog knows it, before a row is read."""

from msgspec import Struct

from engine.spec.protocol import Count
from engine.tasks.subsets import Subset, split_name


class Columns(Struct, frozen=True, kw_only=True):
    """Which columns hold the texts and the label."""

    sentence1: str = "sentence1"
    sentence2: str | None = None
    """None, or a column that is empty throughout: a task of single sentences."""
    label: str = "label"

    def names(self) -> tuple[str, ...]:
        """Return the columns that must exist."""
        texts = (self.sentence1,) if self.sentence2 is None else (self.sentence1, self.sentence2)
        return (*texts, self.label)


class HubOrigin(Struct, frozen=True, kw_only=True):
    """A data set on the hub."""

    repository: str
    config: str | None = None
    columns: Columns
    train: str = "train"
    validation: str | None = None
    """None: the split named validation where there is one, else a part of the training split."""


class FileOrigin(Struct, frozen=True, kw_only=True):
    """One or two local files; absolute paths."""

    train: str
    validation: str | None = None
    """None: a part of the training file."""
    columns: Columns


class SampleOrigin(Struct, frozen=True, kw_only=True):
    """A file inside an installed distribution of the sample pack."""

    distribution: str
    file: str
    columns: Columns


class TaskEntry(Struct, frozen=True, kw_only=True):
    """What is known of a task without reading its rows."""

    name: str
    title: str
    description: str
    origin: HubOrigin | FileOrigin | SampleOrigin
    epochs: Count
    """How long to learn it where the protocol leaves that to the task."""
    labels: tuple[str, ...] = ()
    """Names of the classes in the order of their indices; empty: whatever the rows hold."""
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
