"""What can be seen of a task's shifts, as plain values. Light: the screen uses it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Method = Literal["pca", "tsne"]
METHODS: tuple[Method, ...] = ("pca", "tsne")

Rows = Annotated[int, Meta(ge=10, le=4000)]


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
    """Wanted, in this order."""


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
