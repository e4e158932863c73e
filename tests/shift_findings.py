"""Findings as a look at a tiny task would keep them, made up without a model."""

import random
from pathlib import Path

from engine.tasks.shift_findings import (
    Clusters,
    Lengths,
    Part,
    Projection,
    Question,
    StoredFindings,
)
from tests.tiny import tiny_tasks

LENGTHS = Lengths(
    labels=("goal", "soup", "moon"),
    train_rows=64,
    validation_rows=32,
    cut=6.0,
    counts=((5, 18, 0), (6, 14, 1), (7, 0, 13), (8, 0, 18)),
    parts=(
        Part(name="short", rows=32, classes=(10, 11, 11)),
        Part(name="long", rows=32, classes=(12, 10, 10)),
    ),
)
CLUSTERS = Clusters(
    looked_at=64,
    parts=(
        Part(name="cluster0", rows=40, classes=(10, 11, 19)),
        Part(name="cluster1", rows=24, classes=(12, 10, 2)),
    ),
    agreement=0.12,
    shown=tuple((int(row >= 20), row % 3) for row in range(30)),
)


def plane(method: str) -> Projection:
    """Return two clouds, the first 20 rows to the left of the other 10."""
    draw = random.Random(method)
    points = tuple((draw.random() + 3 * (row >= 20), draw.random()) for row in range(30))
    if method == "pca":
        return Projection(method="pca", points=points, share=0.41)
    return Projection(method="tsne", points=points)


def keep_findings(folder: Path, **question: object) -> Question:
    """Keep the findings of a task of the tiny ones, and return the question they answer."""
    data, model = tiny_tasks(folder / "tasks"), folder / "model"
    model.mkdir()
    (model / "config.json").write_text("{}", encoding="utf-8")
    asked = Question(task="topic", data=str(data), model=str(model), **question)  # type: ignore[arg-type]
    kept = StoredFindings(asked)
    for finding in (LENGTHS, CLUSTERS, plane("pca"), plane("tsne")):
        kept.write(finding)
    return asked
