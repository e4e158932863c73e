"""What can be seen of a task's shifts, as plain values, and the cache that keeps them.

Light: the screen uses it.
"""

import contextlib
from collections.abc import Iterator
from importlib.metadata import version
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from engine.tasks.cache import cache_key, load_bytes, save_bytes
from engine.tasks.catalog import describe
from engine.tasks.models import model_stamp

Method = Literal["pca", "tsne"]
METHODS: tuple[Method, ...] = ("pca", "tsne")

Rows = Annotated[int, Meta(ge=10, le=4000)]

_FOLDER: Final = "shifts"
_LIBRARIES = ("torch", "transformers", "scikit-learn")


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which shifts are to be looked at."""

    task: str
    """A whole task."""
    data: str
    model: str
    max_length: int = 256
    length_split: Literal["median-tokens", "authors"] = "median-tokens"
    rows: Rows = 1000
    """At most so many are projected."""
    projections: tuple[Method, ...] = METHODS
    """To be made, in this order."""


class Part(Struct, frozen=True, kw_only=True):
    """One part of a task."""

    name: str
    rows: int
    """Training rows, of those that were looked at."""
    classes: tuple[int, ...]
    """How many of them are of each class."""


class Lengths(Struct, frozen=True, kw_only=True, tag="lengths"):
    """The shift of length."""

    labels: tuple[str, ...]
    """Names of the classes."""
    train_rows: int
    validation_rows: int
    cut: float | None
    """The short part ends there, in tokens: the mean of rows that stay together, such as those of
    one passage, so that it need not be whole. None: cut at random, as the authors' code does."""
    counts: tuple[tuple[int, int, int], ...]
    """Of training rows: tokens, how many rows of that length are short, how many long."""
    parts: tuple[Part, Part]


class Clusters(Struct, frozen=True, kw_only=True, tag="clusters"):
    """The artificial shift."""

    looked_at: int
    """So many training rows were clustered."""
    parts: tuple[Part, Part]
    agreement: float
    """Adjusted Rand index of clusters and labels: 1 the same, 0 no more than by chance."""
    shown: tuple[tuple[int, int], ...]
    """Cluster and class of each row that is projected."""


class Projection(Struct, frozen=True, kw_only=True, tag="projection"):
    """The projected rows in a plane."""

    method: Method
    points: tuple[tuple[float, float], ...]
    """In the order of ``Clusters.shown``."""
    share: float | None = None
    """Of the variance that the plane shows; None where that is not what it is about."""


class Progress(Struct, frozen=True, tag="progress"):
    """How far the embedding is."""

    done: int
    total: int


Finding = Lengths | Clusters | Projection


class StoredFindings:
    """The findings of one question; a change of files or of libraries makes it another one.

    Raises:
        UsageError: there is no such task or model.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        entry = describe(question.task, question.data)
        self._key = cache_key(
            msgspec.json.encode(replace(question, projections=())),
            msgspec.json.encode(entry),
            entry.stamp(),
            model_stamp(question.model),
            *map(version, _LIBRARIES),
        )

    def read(self) -> Iterator[Finding]:
        """Yield what is there of what was asked for, in the order of finding."""
        for name in self._names_asked_for():
            content = load_bytes(_FOLDER, self._file(name))
            with contextlib.suppress(msgspec.DecodeError):
                if content is not None:
                    yield msgspec.json.decode(content, type=Finding)

    def is_whole(self) -> bool:
        """Tell whether all that was asked for is there."""
        return len(list(self.read())) == len(self._names_asked_for())

    def write(self, finding: Finding) -> None:
        """Keep a finding, whole or not at all; a full disk or read-only folder keeps nothing."""
        save_bytes(_FOLDER, self._file(_name(finding)), msgspec.json.encode(finding))

    def _names_asked_for(self) -> tuple[str, ...]:
        return "lengths", "clusters", *self.question.projections

    def _file(self, name: str) -> str:
        return f"{self._key}.{name}.json"


def _name(finding: Finding) -> str:
    match finding:
        case Lengths():
            return "lengths"
        case Clusters():
            return "clusters"
        case Projection():
            return finding.method
