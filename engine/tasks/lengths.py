"""How long texts are, in tokens of the backbone."""

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from engine.tasks.cache import cache_key, load_arrays, save_arrays
from engine.tasks.task import Examples
from engine.tasks.tokenizer import tokenizer_fingerprint

_ROOM = "lengths"
_CHUNK = 4096


def token_lengths(examples: Examples, tokenizer: PreTrainedTokenizerBase) -> NDArray[np.int64]:
    """Count the tokens of each row, of both texts together, or take them from the cache.

    Neither special tokens count, nor does what would be cut off: that is the text's own length.

    Returns:
        Shape (rows,).
    """
    key = cache_key(examples.fingerprint(), tokenizer_fingerprint(tokenizer))
    kept = load_arrays(_ROOM, key)
    if kept is not None and "lengths" in kept and len(kept["lengths"]) == len(examples):
        return kept["lengths"].astype(np.int64)
    lengths = _count(examples.sentence1, tokenizer)
    if examples.sentence2 is not None:
        lengths += _count(examples.sentence2, tokenizer)
    save_arrays(_ROOM, key, {"lengths": lengths})
    return lengths


def _count(texts: list[str], tokenizer: PreTrainedTokenizerBase) -> NDArray[np.int64]:
    lengths: list[int] = []
    for start in range(0, len(texts), _CHUNK):
        tokens = tokenizer(
            texts[start : start + _CHUNK],
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        lengths.extend(map(len, tokens["input_ids"]))
    return np.array(lengths, np.int64)
