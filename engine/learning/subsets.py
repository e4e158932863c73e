"""Which rows of a task are in which part, for one backbone: told once, then kept on disk."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from engine.learning.embedding import Embedder
from engine.learning.model_fingerprint import model_fingerprint
from engine.spec import Protocol
from engine.tasks.array_cache import cache_key, load_arrays, save_arrays
from engine.tasks.encoding import encode
from engine.tasks.holdout import example_keys, stratified_rows
from engine.tasks.lengths import token_lengths
from engine.tasks.shifts.cluster import METHOD, cluster_sides, fit_centres, lean
from engine.tasks.shifts.length import authors_sides, cut_at, median_cut
from engine.tasks.shifts.sides import NOWHERE, Sides
from engine.tasks.subsets import Shift
from engine.tasks.task import Examples, TaskData
from engine.tasks.tokenizer import tokenizer_fingerprint

_ROOM = "shifts"
_FITTED = 4000
_LOOKED_AT_PER_ROW = 10
_CHUNK = 8192


@dataclass(frozen=True)
class Pretrained:
    """Whose tokens are counted, and who embeds."""

    model: str
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    """In tokens, no more than the backbone takes."""
    device: str


def sides_of(task: TaskData, shift: Shift, protocol: Protocol, pretrained: Pretrained) -> Sides:
    """Tell the side of every row of a task.

    Raises:
        UsageError: the model or the device is not to be had.
    """
    if shift == "cluster":
        return _cluster_sides(task, protocol, pretrained)
    return _length_sides(task, protocol, pretrained)


def _length_sides(task: TaskData, protocol: Protocol, pretrained: Pretrained) -> Sides:
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
    keys = _keys(task, task.train)
    cut = median_cut(train, keys)
    return Sides(
        train=cut_at(train, keys, cut),
        validation=cut_at(validation, _keys(task, task.validation), cut),
    )


def _cluster_sides(task: TaskData, protocol: Protocol, pretrained: Pretrained) -> Sides:
    """Cluster the training rows, and sort both splits by their centres.

    The authors fitted the centres on validation rows. Those are for reporting only here: nothing
    that decides what is learnt is read off them.
    """
    looked_at = _looked_at(task, protocol)
    key = cache_key(
        "clusters",
        METHOD,
        _FITTED,
        task.fingerprint,
        task.group_by_passage,
        len(looked_at),
        model_fingerprint(pretrained.model),
        tokenizer_fingerprint(pretrained.tokenizer),
        pretrained.max_length,
        torch.__version__,
    )
    kept = load_arrays(_ROOM, key)
    if kept is not None and {"train", "validation"} <= kept.keys():
        return Sides(train=kept["train"], validation=kept["validation"])
    sides = _cluster(task, looked_at, pretrained)
    save_arrays(_ROOM, key, {"train": sides.train, "validation": sides.validation})
    return sides


def _looked_at(task: TaskData, protocol: Protocol) -> NDArray[np.int64]:
    """Return the training rows to embed: all, or plenty where few are to be learnt from."""
    asked = protocol.train_rows
    rows = None if asked is None else max(_FITTED, _LOOKED_AT_PER_ROW * asked)
    drawn = {*stratified_rows(task.train, rows), *stratified_rows(task.train, _FITTED)}
    return np.array(sorted(drawn), np.int64)


def _cluster(task: TaskData, looked_at: NDArray[np.int64], pretrained: Pretrained) -> Sides:
    embed = Embedder(pretrained.model, pretrained.device)
    train = task.train.take(looked_at)
    encoded = encode(train, pretrained.tokenizer, pretrained.max_length)
    fitted = np.isin(looked_at, stratified_rows(task.train, _FITTED))
    embeddings = embed(encoded, np.flatnonzero(fitted))
    centres = fit_centres(embeddings)
    leans = np.empty(len(train))
    leans[fitted] = lean(embeddings, centres)
    for rows in _chunks(np.flatnonzero(~fitted)):
        leans[rows] = lean(embed(encoded, rows), centres)
    sides = np.full(len(task.train), NOWHERE, np.int8)
    sides[looked_at] = cluster_sides(leans, _keys(task, train))

    encoded = encode(task.validation, pretrained.tokenizer, pretrained.max_length)
    parts = [lean(embed(encoded, rows), centres) for rows in _chunks(np.arange(len(encoded)))]
    return Sides(
        train=sides,
        validation=cluster_sides(np.concatenate(parts), _keys(task, task.validation)),
    )


def _chunks(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]


def _keys(task: TaskData, examples: Examples) -> list[bytes]:
    return example_keys(examples, by_passage=task.group_by_passage)
