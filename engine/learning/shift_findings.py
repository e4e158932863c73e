"""Looking at the shifts of a task: lengths, clusters, and both in a plane (Fig. 1 of the paper)."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score

from engine.learning.backbone import backbone_shape
from engine.learning.shift_sides import (
    FittedClusters,
    OnProgress,
    Pretrained,
    find_clusters,
    lean,
    length_cut,
    sides_by_lean,
    sides_of,
)
from engine.spec import Protocol
from engine.tasks.encoded import load_tokenizer, token_lengths
from engine.tasks.load import load_task
from engine.tasks.models import model_path
from engine.tasks.shift_findings import (
    Clusters,
    Finding,
    Lengths,
    Method,
    Part,
    Projection,
    Question,
)
from engine.tasks.splits import stratified_rows
from engine.tasks.subsets import SUBSETS, Shift
from engine.tasks.task import TaskData

_PERPLEXITY = 30
_NEIGHBOURS_PER_PERPLEXITY = 3


def find_shifts(question: Question, progress: OnProgress) -> Iterator[Finding]:
    """Find what was asked for, the quick things first.

    Args:
        question: the task, and what reads it.
        progress: called with how far the embedding is.

    Raises:
        UsageError: the task or the model is not to be had.
    """
    task = load_task(question.task, question.data)
    pretrained = Pretrained(
        model=question.model,
        tokenizer=load_tokenizer(model_path(question.model)),
        max_length=min(question.max_length, backbone_shape(question.model).longest_input),
        progress=progress,
    )
    yield _lengths(task, question, pretrained)
    clusters = find_clusters(task, pretrained)
    sample = np.array(stratified_rows(task.train.take(clusters.rows), question.rows))
    yield _clusters(task, clusters, sample)
    for method in question.projections:
        yield project(clusters.embeddings[sample], method)


def project(embeddings: NDArray[np.float32], method: Method) -> Projection:
    """Lay embeddings of shape (rows, hidden) into a plane, the same way every time."""
    exact = embeddings.astype(np.float64)
    if method == "pca":
        found = PCA(n_components=2, random_state=0)
        plane = found.fit_transform(exact)
        share = float(found.explained_variance_ratio_.sum())
        return Projection(method="pca", points=_points(plane), share=share)
    perplexity = min(_PERPLEXITY, (len(exact) - 1) / _NEIGHBOURS_PER_PERPLEXITY)
    plane = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(exact)
    return Projection(method="tsne", points=_points(plane))


def _lengths(task: TaskData, question: Question, pretrained: Pretrained) -> Lengths:
    protocol = Protocol(length_split=question.length_split)
    tokens = token_lengths(task.train, pretrained.tokenizer).tolist()
    sides = sides_of(task, "length", protocol, pretrained).train
    short, long = (Counter(tokens[row] for row in np.flatnonzero(sides == side)) for side in (0, 1))
    at_random = question.length_split == "authors"
    return Lengths(
        labels=task.labels,
        train_rows=len(task.train),
        validation_rows=len(task.validation),
        cut=None if at_random else length_cut(task, pretrained).tokens,
        counts=tuple((length, short[length], long[length]) for length in sorted(set(tokens))),
        parts=_parts(task, "length", np.array(task.train.labels), sides),
    )


def _clusters(task: TaskData, found: FittedClusters, sample: NDArray[np.int64]) -> Clusters:
    leans = lean(found.embeddings, found.centres)
    sides = sides_by_lean(task, task.train, found.rows, leans)[found.rows]
    labels = np.array(task.train.labels)[found.rows]
    return Clusters(
        looked_at=len(found.rows),
        parts=_parts(task, "cluster", labels, sides),
        agreement=float(adjusted_rand_score(labels, sides)),
        shown=tuple(zip(sides[sample].tolist(), labels[sample].tolist(), strict=True)),
    )


def _parts(
    task: TaskData, shift: Shift, labels: NDArray[np.int64], sides: NDArray[np.int8]
) -> tuple[Part, Part]:
    def part(side: int) -> Part:
        name = next(each.name for each in SUBSETS if (each.shift, each.side) == (shift, side))
        inside = labels[sides == side]
        classes = np.bincount(inside, minlength=len(task.labels)).tolist()
        return Part(name=name, rows=len(inside), classes=tuple(classes))

    return part(0), part(1)


def _points(plane: NDArray[np.floating]) -> tuple[tuple[float, float], ...]:
    return tuple((float(f"{x:.4g}"), float(f"{y:.4g}")) for x, y in plane.tolist())
