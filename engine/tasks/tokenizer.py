"""The backbone's own tokenizer."""

import json
from hashlib import blake2b

import transformers
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.tasks.hub_access import reading_model


def load_tokenizer(path: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a backbone; ``path`` is what ``model_path`` returned.

    Raises:
        UsageError: there is none, or the hub cannot be reached.
    """
    with reading_model(path):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
    return tokenizer


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
