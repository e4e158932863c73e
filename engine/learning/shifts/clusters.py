"""Two clusters of what the pretrained backbone makes of a task's rows; found once."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.learning.model_fingerprint import model_fingerprint
from engine.learning.shifts.embedding import Embedder, Pretrained
from engine.spec import Protocol
from engine.tasks.array_cache import cache_key, load_arrays, save_arrays
from engine.tasks.holdout import example_keys, stratified_rows
from engine.tasks.shifts.cluster import METHOD, cluster_sides, fit_centres, lean
from engine.tasks.shifts.sides import NOWHERE, Sides
from engine.tasks.task import Examples, TaskData
from engine.tasks.tokenizer import tokenizer_fingerprint

_ROOM = "shifts"
_FITTED = 4000
"""More rows would hardly move the centres of two clusters."""
_LOOKED_AT_PER_ROW = 10


@dataclass(frozen=True)
class Clusters:
    """The centres, and the rows that they were fitted on."""

    key: str
    """Names everything that the centres depend on."""
    rows: NDArray[np.int64]
    """Which training rows, ascending."""
    embeddings: NDArray[np.float32]
    """Of these rows; shape (rows, hidden)."""
    centres: NDArray[np.float64]
    """Shape (2, hidden)."""


def find_clusters(task: TaskData, pretrained: Pretrained) -> Clusters:
    """Fit the centres on training rows, or take them from the cache.

    The authors fitted theirs on validation rows. Those are for reporting only here: nothing that
    decides what is learnt is read off them.

    Raises:
        UsageError: the model or the device is not to be had.
    """
    key = cache_key(
        METHOD,
        _FITTED,
        task.train.fingerprint(),
        model_fingerprint(pretrained.model),
        tokenizer_fingerprint(pretrained.tokenizer),
        pretrained.max_length,
        torch.__version__,
    )
    kept = load_arrays(_ROOM, key)
    if kept is not None and {"rows", "embeddings", "centres"} <= kept.keys():
        return Clusters(key, kept["rows"], kept["embeddings"], kept["centres"])
    rows = np.array(stratified_rows(task.train, _FITTED), np.int64)
    embeddings = np.concatenate(list(Embedder(pretrained).chunks(task.train.take(rows))))
    centres = fit_centres(embeddings)
    save_arrays(_ROOM, key, {"rows": rows, "embeddings": embeddings, "centres": centres})
    return Clusters(key, rows, embeddings, centres)


def sort_by_clusters(task: TaskData, protocol: Protocol, pretrained: Pretrained) -> Sides:
    """Sort the rows of both splits by the nearer centre, or take the answer from the cache.

    Where few rows are to be learnt from or measured, plenty are looked at, and not all.

    Raises:
        UsageError: the model or the device is not to be had.
    """
    clusters = find_clusters(task, pretrained)
    train = np.union1d(clusters.rows, _plenty(task.train, protocol.train_rows))
    validation = _plenty(task.validation, protocol.eval_rows)
    key = cache_key(
        clusters.key, task.fingerprint, task.group_by_passage, len(train), len(validation)
    )
    kept = load_arrays(_ROOM, key)
    if kept is not None and {"train", "validation"} <= kept.keys():
        return Sides(train=kept["train"], validation=kept["validation"])
    embed = Embedder(pretrained)
    fitted = np.isin(train, clusters.rows)
    leans = np.empty(len(train))
    leans[fitted] = lean(clusters.embeddings, clusters.centres)
    leans[~fitted] = _leans(task.train.take(train[~fitted]), clusters, embed)
    validation_leans = _leans(task.validation.take(validation), clusters, embed)
    sides = Sides(
        train=sides_by_lean(task, task.train, train, leans),
        validation=sides_by_lean(task, task.validation, validation, validation_leans),
    )
    save_arrays(_ROOM, key, {"train": sides.train, "validation": sides.validation})
    return sides


def sides_by_lean(
    task: TaskData, split: Examples, rows: NDArray[np.int64], leans: NDArray[np.float64]
) -> NDArray[np.int8]:
    """Return the side of every row of a split; NOWHERE for those not among ``rows``.

    Args:
        task: says which rows stay together.
        split: its training or validation rows.
        rows: the indices of those that were looked at.
        leans: how much nearer each of these is to the second centre.
    """
    sides = np.full(len(split), NOWHERE, np.int8)
    keys = example_keys(split.take(rows), by_passage=task.group_by_passage)
    sides[rows] = cluster_sides(leans, keys)
    return sides


def _plenty(examples: Examples, asked: int | None) -> NDArray[np.int64]:
    rows = None if asked is None else max(_FITTED, _LOOKED_AT_PER_ROW * asked)
    return np.array(stratified_rows(examples, rows), np.int64)


def _leans(examples: Examples, clusters: Clusters, embed: Embedder) -> NDArray[np.float64]:
    parts = [lean(chunk, clusters.centres) for chunk in embed.chunks(examples)]
    return np.concatenate([np.empty(0), *parts])
