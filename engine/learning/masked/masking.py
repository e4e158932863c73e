"""Texts with some tokens hidden."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from engine.errors import UsageError

_HIDDEN = 0.15
"""Share of a text's tokens, as BERT was pretrained."""


@dataclass(frozen=True)
class MaskedText:
    """One text, as a batch of one row."""

    input_ids: Tensor
    """Shape (1, length), with the mask's token where tokens are hidden."""
    places: Tensor
    """Shape (hidden,): where."""
    hidden: Tensor
    """Shape (hidden,): the tokens that stood there."""


def require_mask(tokenizer: PreTrainedTokenizerBase, model: str) -> int:
    """Return the token that hides others.

    Raises:
        UsageError: the tokenizer has none.
    """
    token = tokenizer.mask_token_id
    if not isinstance(token, int):
        raise UsageError(
            f"model '{model}' was not pretrained by masking tokens, as method ewc-mlm needs it; "
            "use method ewc-task or l2-sp, or an encoder such as bert-base-uncased"
        )
    return token


def mask_texts(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, mask: int, *, max_length: int
) -> list[MaskedText]:
    """Hide at least one token of every text; the same texts give the same tokens hidden.

    Texts of special tokens alone are left out.
    """
    encoded = tokenizer(
        list(texts), truncation=True, max_length=max_length, return_special_tokens_mask=True
    )
    draw = np.random.default_rng(0)
    return [
        _mask(np.array(tokens), np.flatnonzero(np.array(special) == 0), mask, draw)
        for tokens, special in zip(
            encoded["input_ids"], encoded["special_tokens_mask"], strict=True
        )
        if not all(special)
    ]


def _mask(
    tokens: np.ndarray, candidates: np.ndarray, mask: int, draw: np.random.Generator
) -> MaskedText:
    count = max(1, round(_HIDDEN * len(candidates)))
    places = np.sort(draw.choice(candidates, count, replace=False))
    shown = tokens.copy()
    shown[places] = mask
    return MaskedText(
        input_ids=torch.from_numpy(shown)[None],
        places=torch.from_numpy(places),
        hidden=torch.from_numpy(tokens[places]),
    )
