"""The side of a shift that each row of a task is on: by its length, or by its cluster.

Clusters are found among what the pretrained backbone makes of the rows, and kept on disk.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedTokenizerBase

from engine.learning.backbone import Backbone, load_backbone, model_fingerprint
from engine.learning.device import Device, pick_device, to_device
from engine.learning.evaluation import in_order
from engine.learning.packed.rows import pack_rows
from engine.spec import Protocol
from engine.tasks.cache import cache_key, load_arrays, save_arrays
from engine.tasks.encoded import batches_by_length, encode, token_lengths, tokenizer_fingerprint
from engine.tasks.shift_sides import (
    NOWHERE,
    Cut,
    Sides,
    authors_sides,
    cut_at,
    group_means,
    group_numbers,
    median_cut,
)
from engine.tasks.splits import example_keys, stratified_rows
from engine.tasks.subsets import Shift
from engine.tasks.task import Examples, TaskData

Embeddings = NDArray[np.floating[Any]]
"""Shape (rows, hidden)."""
_STARTS = 10
METHOD = f"k-means k=2 n_init={_STARTS} random_state=0, scikit-learn {version('scikit-learn')}"


_CHUNK = 1024
_FOLDER: Final = "shifts"
_FITTED = 4000
"""More rows would hardly move the centres of two clusters."""
_LOOKED_AT_PER_ROW = 10

OnProgress = Callable[[int, int], None]
"""Called with how many rows are embedded, and of how many."""


def _ignore_progress(_done: int, _total: int) -> None: ...


@dataclass(frozen=True)
class Pretrained:
    """Whose tokens are counted, and who embeds."""

    model: str
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    """In tokens, no more than the backbone takes."""
    device: str = "auto"
    progress: OnProgress = field(default=_ignore_progress, compare=False)


def sides_of(task: TaskData, shift: Shift, protocol: Protocol, pretrained: Pretrained) -> Sides:
    """Return the side of every row of a task.

    Raises:
        UsageError: the model or the device is not to be had.
    """
    if shift == "cluster":
        return sort_by_clusters(task, protocol, pretrained)
    return _sort_by_length(task, protocol, pretrained)


def length_cut(task: TaskData, pretrained: Pretrained) -> Cut:
    """Return where the training rows are cut by their length."""
    return median_cut(token_lengths(task.train, pretrained.tokenizer), _keys(task, task.train))


def _sort_by_length(task: TaskData, protocol: Protocol, pretrained: Pretrained) -> Sides:
    """Cut at the median of the training rows.

    Validation rows are cut where the training rows are, not at their own median: a part is then the
    same kind of text in both splits, as a text that comes later would be sorted too.
    """
    train = token_lengths(task.train, pretrained.tokenizer)
    validation = token_lengths(task.validation, pretrained.tokenizer)
    if protocol.length_split == "authors":
        pairs = task.train.sentence2 is not None
        return Sides(
            train=authors_sides(train, pairs=pairs),
            validation=authors_sides(validation, pairs=pairs),
        )
    cut = length_cut(task, pretrained)
    return Sides(
        train=cut_at(train, _keys(task, task.train), cut),
        validation=cut_at(validation, _keys(task, task.validation), cut),
    )


def _keys(task: TaskData, examples: Examples) -> list[bytes]:
    return example_keys(examples, by_passage=task.group_by_passage)


class Embedder:
    """Embeds rows: [CLS] of the last layer for encoders, the last token for decoders.

    In fp32 on every device, so that a row is near the same centre on all of them.

    Raises:
        UsageError: the model or the device is not to be had.
    """

    def __init__(self, pretrained: Pretrained) -> None:
        self._pretrained = pretrained
        self._device = pick_device(pretrained.device, "fp32")
        self._backbone = _resting(load_backbone(pretrained.model), self._device)

    def chunks(self, examples: Examples) -> Iterator[NDArray[np.float32]]:
        """Embed rows without dropout; each of shape (rows, hidden), in the order of the rows."""
        about = self._pretrained
        encoded = encode(examples, about.tokenizer, about.max_length)
        lengths = encoded.lengths()
        for start in range(0, len(encoded), _CHUNK):
            about.progress(start, len(encoded))
            batches = batches_by_length(
                lengths[start : start + _CHUNK], self._device.tokens_at_once
            )
            found = []
            with torch.inference_mode():
                for batch in batches:
                    inputs = to_device(encoded.batch(batch + start), self._device)
                    inputs.pop("labels")
                    found.append(self._backbone.summarise(self._backbone.module, inputs).float())
            yield in_order(found, batches)
        about.progress(len(encoded), len(encoded))


def _resting(backbone: Backbone, device: Device) -> Backbone:
    module: nn.Module = backbone.module
    module.to(device.target).eval()
    return pack_rows(backbone) if device.target.type == "cpu" else backbone


@dataclass(frozen=True)
class FittedClusters:
    """The centres, and the rows that they were fitted on."""

    key: str
    """Names everything that the centres depend on."""
    rows: NDArray[np.int64]
    """Which training rows, ascending."""
    embeddings: NDArray[np.float32]
    """Of these rows; shape (rows, hidden)."""
    centres: NDArray[np.float64]
    """Shape (2, hidden)."""


def fit_centres(embeddings: Embeddings) -> NDArray[np.float64]:
    """Find two clusters by k-means; shape (2, hidden).

    The first is the one with more rows; of two equal ones, the one that has the first row.
    """
    # Loaded here, because a worker that sorts by no cluster would wait a second for it.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    exact = embeddings.astype(np.float64)
    with warnings.catch_warnings():
        # rows that are all alike have one cluster; who asks for the other is told so
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(n_clusters=2, n_init=_STARTS, random_state=0).fit(exact)
    sizes = np.bincount(found.labels_, minlength=2)
    larger = found.labels_[0] if sizes[0] == sizes[1] else sizes.argmax()
    centres: NDArray[np.float64] = found.cluster_centers_
    return centres[[larger, 1 - larger]]


def lean(embeddings: Embeddings, centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much nearer each row is to the second centre than to the first; shape (rows,).

    The difference of squared distances; it is linear, so that the mean of some rows' values is the
    value of their mean.
    """
    first, second = centres
    away: NDArray[np.float64] = embeddings.astype(np.float64) @ (second - first)
    return 2 * away + float(first @ first - second @ second)


def cluster_sides(leans: NDArray[np.float64], keys: Sequence[bytes]) -> NDArray[np.int8]:
    """Return the cluster of each row, by its group's mean: 0 or 1; shape (rows,)."""
    groups = group_numbers(keys)
    sides: NDArray[np.int8] = (group_means(leans, groups) > 0)[groups].astype(np.int8)
    return sides


def find_clusters(task: TaskData, pretrained: Pretrained) -> FittedClusters:
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
    cached = load_arrays(_FOLDER, key)
    if cached is not None and {"rows", "embeddings", "centres"} <= cached.keys():
        return FittedClusters(key, cached["rows"], cached["embeddings"], cached["centres"])
    rows = np.array(stratified_rows(task.train, _FITTED), np.int64)
    embeddings = np.concatenate(list(Embedder(pretrained).chunks(task.train.take(rows))))
    centres = fit_centres(embeddings)
    save_arrays(_FOLDER, key, {"rows": rows, "embeddings": embeddings, "centres": centres})
    return FittedClusters(key, rows, embeddings, centres)


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
    cached = load_arrays(_FOLDER, key)
    if cached is not None and {"train", "validation"} <= cached.keys():
        return Sides(train=cached["train"], validation=cached["validation"])
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
    save_arrays(_FOLDER, key, {"train": sides.train, "validation": sides.validation})
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
    keys = _keys(task, split.take(rows))
    sides[rows] = cluster_sides(leans, keys)
    return sides


def _plenty(examples: Examples, asked: int | None) -> NDArray[np.int64]:
    rows = None if asked is None else max(_FITTED, _LOOKED_AT_PER_ROW * asked)
    return np.array(stratified_rows(examples, rows), np.int64)


def _leans(examples: Examples, clusters: FittedClusters, embed: Embedder) -> NDArray[np.float64]:
    parts = [lean(chunk, clusters.centres) for chunk in embed.chunks(examples)]
    return np.concatenate([np.empty(0), *parts])
