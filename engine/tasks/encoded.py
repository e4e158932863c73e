"""The tokenizer of a backbone, and rows as its token numbers.

Rows are encoded once, kept on disk, and unpadded until they are in a batch.
"""

import json
from hashlib import blake2b
from itertools import chain
from typing import Any, Final

import numpy as np
import transformers
from msgspec import Struct
from numpy.typing import NDArray
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.errors import UsageError, shown
from engine.tasks.cache import cache_key, load_arrays, save_arrays
from engine.tasks.hub_access import read_model
from engine.tasks.task import Examples

_LENGTHS: Final = "lengths"


def load_tokenizer(path: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a backbone; ``path`` is what ``model_path`` returned.

    Raises:
        UsageError: there is none, or the hub cannot be reached.
    """

    def load() -> PreTrainedTokenizerBase:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            path, trust_remote_code=False
        )
        # transformers makes one that knows special tokens alone where the files are missing
        if len(tokenizer) <= len(set(tokenizer.all_special_ids)):
            raise UsageError(
                f"model '{shown(path)}' comes without a tokenizer; fetch the model again"
            )
        return tokenizer

    return read_model(path, load)


def padding_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return what fills short rows; never attended to, so any token will do where none is meant."""
    for token in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if isinstance(token, int):
            return token
    return 0


def tokenizer_fingerprint(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a hash of all that decides which tokens a text becomes."""
    digest = blake2b(digest_size=16)
    for part in (
        transformers.__version__,
        type(tokenizer).__name__,
        tokenizer.model_input_names,
        tokenizer.special_tokens_map,
        tokenizer.model_max_length,
        padding_id(tokenizer),
        _rules(tokenizer),
    ):
        digest.update(f"{part}\n".encode())
    return digest.hexdigest()


def _rules(tokenizer: PreTrainedTokenizerBase) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return json.dumps(tokenizer.get_vocab(), sort_keys=True)
    rules = json.loads(backend.to_str())
    # left behind by the last call, and set anew by the next
    rules.pop("truncation", None)
    rules.pop("padding", None)
    return json.dumps(rules, sort_keys=True)


def token_lengths(examples: Examples, tokenizer: PreTrainedTokenizerBase) -> NDArray[np.int64]:
    """Count the tokens of each row, of both texts together, or take them from the cache.

    Neither special tokens count, nor does what would be cut off: that is the text's own length.

    Returns:
        Shape (rows,).
    """
    key = cache_key(examples.fingerprint(), tokenizer_fingerprint(tokenizer))
    kept = load_arrays(_LENGTHS, key)
    if kept is not None and "lengths" in kept and len(kept["lengths"]) == len(examples):
        return kept["lengths"].astype(np.int64)
    lengths = _count(examples.sentence1, tokenizer)
    if examples.sentence2 is not None:
        lengths += _count(examples.sentence2, tokenizer)
    save_arrays(_LENGTHS, key, {"lengths": lengths})
    return lengths


def _count(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> NDArray[np.int64]:
    lengths: list[int] = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        tokens = tokenizer(
            texts[start : start + _TEXTS_AT_ONCE],
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        lengths.extend(map(len, tokens["input_ids"]))
    return np.array(lengths, np.int64)


_FOLDER: Final = "encoded"
_TEXTS_AT_ONCE = 4096

Integers = NDArray[np.integer[Any]]


class Encoded(Struct, frozen=True, kw_only=True, eq=False):
    """Rows of different lengths, one after another in flat arrays."""

    input_ids: NDArray[np.int32]
    """Shape (tokens,): all rows, unpadded."""
    token_type_ids: NDArray[np.int8] | None
    """Shape (tokens,); None where the backbone knows no token types."""
    offsets: NDArray[np.int64]
    """Shape (rows + 1,): row i is ``input_ids[offsets[i]:offsets[i + 1]]``."""
    labels: NDArray[np.int64]
    """Shape (rows,)."""
    padding: int
    """The token that fills short rows."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def lengths(self, rows: Integers | list[int] | None = None) -> NDArray[np.int64]:
        """Return the number of tokens of each of these rows, or of all; shape (rows,)."""
        if rows is None:
            return np.diff(self.offsets)
        found: NDArray[np.int64] = self.offsets[1:][rows] - self.offsets[:-1][rows]
        return found

    def tokens(self, rows: Integers | list[int]) -> int:
        """Return how many tokens these rows have together."""
        return int(self.lengths(rows).sum())

    def take(self, rows: Integers | list[int]) -> "Encoded":
        """Return these rows, in this order."""
        lengths = self.lengths(rows)
        offsets = np.concatenate([[0], lengths.cumsum()])
        moved = self.offsets[:-1][rows] - offsets[:-1]
        places = np.arange(offsets[-1]) + np.repeat(moved, lengths)
        types = self.token_type_ids
        return Encoded(
            input_ids=self.input_ids[places],
            token_type_ids=None if types is None else types[places],
            offsets=offsets,
            labels=self.labels[rows],
            padding=self.padding,
        )

    def batch(self, rows: Integers | list[int]) -> dict[str, NDArray[np.int64]]:
        """Assemble rows, padded to the longest of them.

        Returns:
            ``input_ids``, ``attention_mask`` and, where the backbone knows them,
            ``token_type_ids``, each of shape (len(rows), longest); ``labels`` of shape
            (len(rows),).
        """
        starts = self.offsets[:-1][rows]
        lengths = self.offsets[1:][rows] - starts
        column = np.arange(lengths.max(initial=0))
        there = column < lengths[:, None]
        place = np.where(there, starts[:, None] + column, 0)
        batch = {
            "input_ids": np.where(there, self.input_ids[place], self.padding).astype(np.int64),
            "attention_mask": there.astype(np.int64),
            "labels": self.labels[rows],
        }
        if self.token_type_ids is not None:
            batch["token_type_ids"] = np.where(there, self.token_type_ids[place], 0).astype(
                np.int64
            )
        return batch


def encode(examples: Examples, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Encoded:
    """Encode rows as the backbone expects them, or take them from the cache.

    Args:
        examples: the rows; a pair becomes one row of tokens, as the tokenizer joins it.
        tokenizer: the backbone's own.
        max_length: in tokens, special ones included; longer rows lose tokens from the longer
            text. Never more than the tokenizer says the backbone takes.

    Raises:
        UsageError: ``max_length`` leaves no room for text.
    """
    length = min(max_length, tokenizer.model_max_length)
    special = tokenizer.num_special_tokens_to_add(pair=examples.sentence2 is not None)
    if length <= special:
        raise UsageError(
            f"a maximum length of {length} tokens leaves no room for text beside the {special} "
            "special ones; ask for more"
        )
    key = cache_key(examples.fingerprint(), tokenizer_fingerprint(tokenizer), length)
    encoded = _load(key)
    if encoded is None:
        encoded = _encode(examples, tokenizer, length)
        _save(key, encoded)
    return encoded


def _encode(examples: Examples, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Encoded:
    padding = padding_id(tokenizer)
    has_types = "token_type_ids" in tokenizer.model_input_names
    ids, types = [np.empty(0, np.int32)], [np.empty(0, np.int8)]
    lengths = [0]
    for start in range(0, len(examples), _TEXTS_AT_ONCE):
        tokens = tokenizer(
            examples.sentence1[start : start + _TEXTS_AT_ONCE],
            examples.sentence2 and examples.sentence2[start : start + _TEXTS_AT_ONCE],
            truncation=True,
            max_length=max_length,
            return_attention_mask=False,
            return_token_type_ids=has_types,
        )
        rows = _never_empty(tokens["input_ids"], padding)
        ids.append(np.fromiter(chain.from_iterable(rows), np.int32))
        lengths.extend(map(len, rows))
        if has_types:
            rows = _never_empty(tokens["token_type_ids"], 0)
            types.append(np.fromiter(chain.from_iterable(rows), np.int8))
    return Encoded(
        input_ids=np.concatenate(ids),
        token_type_ids=np.concatenate(types) if has_types else None,
        offsets=np.cumsum(lengths, dtype=np.int64),
        labels=np.array(examples.labels, np.int64),
        padding=padding,
    )


def _never_empty(rows: list[list[int]], token: int) -> list[list[int]]:
    """Give a row of no tokens one: some tokenizers add none of their own to an empty text."""
    return [row or [token] for row in rows]


def _load(key: str) -> Encoded | None:
    """Return what is kept under ``key``; None if there is nothing, or nothing usable."""
    arrays = load_arrays(_FOLDER, key)
    if arrays is None:
        return None
    try:
        encoded = Encoded(
            input_ids=arrays["input_ids"],
            token_type_ids=arrays.get("token_type_ids"),
            offsets=arrays["offsets"],
            labels=arrays["labels"],
            padding=int(arrays["padding"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
    return encoded if _is_whole(encoded) else None


def _save(key: str, encoded: Encoded) -> None:
    """Keep ``encoded`` under ``key``, for any process to find."""
    arrays: dict[str, NDArray[Any]] = {
        "input_ids": encoded.input_ids,
        "offsets": encoded.offsets,
        "labels": encoded.labels,
        "padding": np.array(encoded.padding),
    }
    if encoded.token_type_ids is not None:
        arrays["token_type_ids"] = encoded.token_type_ids
    save_arrays(_FOLDER, key, arrays)


def _is_whole(encoded: Encoded) -> bool:
    tokens, types = len(encoded.input_ids), encoded.token_type_ids
    return (
        len(encoded.offsets) == len(encoded.labels) + 1
        and encoded.offsets[-1] == tokens
        and (types is None or len(types) == tokens)
    )


def batches_by_length(lengths: NDArray[np.int64], tokens: int) -> list[NDArray[np.int64]]:
    """Put rows of like length together, the longest first, as many as so many tokens allow."""
    order = np.argsort(-lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        size = max(1, tokens // int(lengths[order[start]]))
        batches.append(order[start : start + size])
        start += size
    return batches
