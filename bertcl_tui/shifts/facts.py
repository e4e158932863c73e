"""What was found of a task's shifts, in words and figures."""

from typing import Any

import msgspec
from msgspec import Struct

from engine.tasks.shift_findings import (
    Clusters,
    Finding,
    Lengths,
    Method,
    Part,
    Progress,
    Projection,
    Question,
)

METHOD_NAMES: dict[Method, str] = {"pca": "PCA", "tsne": "t-SNE"}


class Found(Struct, frozen=True, kw_only=True):
    """What is known so far of a question's answer."""

    question: Question
    lengths: Lengths | None = None
    clusters: Clusters | None = None
    planes: tuple[Projection, ...] = ()
    progress: Progress | None = None
    """How far the embedding is, while it goes on."""

    def plus(self, news: Finding | Progress) -> "Found":
        """Return what is known with this as well."""
        match news:
            case Progress():
                return msgspec.structs.replace(self, progress=news)
            case Lengths():
                return msgspec.structs.replace(self, lengths=news)
            case Clusters():
                return msgspec.structs.replace(self, clusters=news, progress=None)
            case Projection():
                others = tuple(plane for plane in self.planes if plane.method != news.method)
                return msgspec.structs.replace(self, planes=(*others, news))

    def plane(self, method: Method) -> Projection | None:
        """Return the rows in that plane, if they are there."""
        return next((plane for plane in self.planes if plane.method == method), None)

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing more to be found."""
        asked = self.question.projections
        return None not in (self.lengths, self.clusters, *map(self.plane, asked))


def parts_of(found: Found) -> tuple[Part, ...]:
    """Return the parts that are known, those by length first."""
    return tuple(part for of in (found.lengths, found.clusters) if of for part in of.parts)


def class_shares(part: Part) -> tuple[str, ...]:
    """Write how much of a part each class is."""
    return tuple(f"{count / max(part.rows, 1):.0%}" for count in part.classes)


def cut_said(lengths: Lengths) -> str:
    """Say where the lengths are cut."""
    if lengths.cut is None:
        return "cut at random, as the authors' code does"
    # all rows of a passage go to one part, by their mean length
    why = "" if lengths.cut.is_integer() else ", the mean of rows kept together"
    return f"cut at {lengths.cut:.4g} tokens{why}"


def agreement_said(clusters: Clusters) -> str:
    """Say how much clusters and labels agree."""
    index = round(clusters.agreement, 2) + 0.0  # never minus zero
    return f"adjusted Rand index {index:.2f}"


def plane_said(plane: Projection) -> str:
    """Say which plane it is."""
    name = METHOD_NAMES[plane.method]
    return name if plane.share is None else f"{name}, {plane.share:.0%} of variance"


def facts_of(found: Found) -> dict[str, Any]:
    """Return everything, for programs."""
    return {
        "task": found.question.task,
        "data": found.question.data,
        "model": found.question.model,
        "length": found.lengths,
        "cluster": found.clusters,
        "projections": {plane.method: plane for plane in found.planes},
    }
