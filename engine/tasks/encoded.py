"""Rows as token numbers: encoded once, kept on disk, unpadded until they are in a batch."""

from itertools import chain
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from engine.errors import UsageError
from engine.tasks.cache import cache_key, load_arrays, save_arrays
from engine.tasks.task import Examples
from engine.tasks.tokenizer import padding_id, tokenizer_fingerprint

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
