"""From text to token numbers, once: the result is kept on disk."""

from itertools import chain

import numpy as np
from transformers import PreTrainedTokenizerBase

from engine.errors import UsageError
from engine.tasks.cache import cache_key
from engine.tasks.encoded import Encoded
from engine.tasks.encoded_cache import load_encoded, save_encoded
from engine.tasks.task import Examples
from engine.tasks.tokenizer import padding_id, tokenizer_fingerprint

_CHUNK = 4096


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
    encoded = load_encoded(key)
    if encoded is None:
        encoded = _encode(examples, tokenizer, length)
        save_encoded(key, encoded)
    return encoded


def _encode(examples: Examples, tokenizer: PreTrainedTokenizerBase, max_length: int) -> Encoded:
    padding = padding_id(tokenizer)
    has_types = "token_type_ids" in tokenizer.model_input_names
    ids, types = [np.empty(0, np.int32)], [np.empty(0, np.int8)]
    lengths = [0]
    for start in range(0, len(examples), _CHUNK):
        tokens = tokenizer(
            examples.sentence1[start : start + _CHUNK],
            examples.sentence2 and examples.sentence2[start : start + _CHUNK],
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
