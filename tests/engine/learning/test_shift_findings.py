"""Lengths, clusters and planes of tiny tasks."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from engine.learning.shift_findings import find_shifts, project
from engine.tasks.load import load_task
from engine.tasks.shift_findings import Clusters, Lengths, Projection, Question
from tests.engine.learning.asking import Ask


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing was looked at before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTCL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def found(ask: Ask) -> tuple[Lengths, Clusters, Projection, Projection]:
    question = Question(task="topic", data=str(ask.data), model=str(ask.model), rows=30)
    progress: list[tuple[int, int]] = []
    lengths, clusters, pca, tsne = find_shifts(question, lambda *rows: progress.append(rows))
    assert progress[-1] == (64, 64)
    assert isinstance(lengths, Lengths)
    assert isinstance(clusters, Clusters)
    assert isinstance(pca, Projection)
    assert isinstance(tsne, Projection)
    return lengths, clusters, pca, tsne


Found = tuple[Lengths, Clusters, Projection, Projection]


def test_every_training_row_has_its_length(ask: Ask, found: Found) -> None:
    texts = load_task("topic", str(ask.data)).train.sentence1
    by_length = Counter(len(text.split()) for text in texts)
    assert {tokens: short + long for tokens, short, long in found[0].counts} == by_length


def test_what_is_below_the_cut_is_short(found: Found) -> None:
    lengths = found[0]
    assert lengths.cut is not None
    assert all(long == 0 for tokens, _, long in lengths.counts if tokens < lengths.cut)
    assert all(short == 0 for tokens, short, _ in lengths.counts if tokens > lengths.cut)
    short, long = lengths.parts
    assert (short.name, short.rows) == ("short", 32)
    assert (long.name, long.rows) == ("long", 32)
    assert sum(short.classes) == 32


def test_the_authors_cut_nowhere(ask: Ask) -> None:
    question = Question(
        task="topic", data=str(ask.data), model=str(ask.model), length_split="authors"
    )
    lengths = next(iter(find_shifts(question, lambda *_: None)))
    assert isinstance(lengths, Lengths)
    assert lengths.cut is None


def test_the_projected_rows_are_drawn_class_by_class(found: Found) -> None:
    _, clusters, pca, tsne = found
    assert clusters.looked_at == 64
    assert len(clusters.shown) == len(pca.points) == len(tsne.points) == 30
    assert Counter(label for _, label in clusters.shown) == {0: 10, 1: 10, 2: 10}
    assert {cluster for cluster, _ in clusters.shown} == {0, 1}
    assert clusters.parts[0].rows > clusters.parts[1].rows
    assert -1 <= clusters.agreement <= 1


def test_two_blobs_are_apart_in_both_planes() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    noise[:10, 3] += 50
    for method in ("pca", "tsne"):
        plane = project(noise, method)
        xs = np.array(plane.points)
        near = np.linalg.norm(xs[:10] - xs[:10].mean(axis=0), axis=1).max()
        assert np.linalg.norm(xs[:10].mean(axis=0) - xs[10:].mean(axis=0)) > near
        assert project(noise, method) == plane


def test_a_plane_of_principal_components_says_how_much_it_shows() -> None:
    flat = np.zeros((12, 5), np.float32)
    flat[:, 0] = np.arange(12)
    flat[:, 1] = np.arange(12) % 2
    assert project(flat, "pca").share == pytest.approx(1.0)
    assert project(flat, "tsne").share is None
