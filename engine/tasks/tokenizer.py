"""The backbone's own tokenizer, and how long texts are in its tokens."""

import json
from hashlib import blake2b
from typing import Final

import numpy as np
import transformers
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
