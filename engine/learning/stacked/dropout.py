"""What dropout drops of each row on a CPU, where rows of several trials are padded to one length.

The numbers are those that a trial draws alone, row by row, so that it learns the same in a stack.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, PreTrainedModel

from engine.learning.lean import RowDropout, RowMasks, row_masks

_ATTENTION = "bertcl_in_a_stack"

RowKey = tuple[int, ...]
"""Seed, stage, step, task and number of a row; none of a row that only fills a trial's batch."""


class PaddedMasks(RowMasks):
    """As its parent for rows laid end to end; of padding, nothing is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._there = torch.ones(0, 0, dtype=torch.bool)

    def begin_batch(self, keys: Sequence[RowKey], there: Tensor) -> None:
        """Begin anew the streams of these rows; ``there`` (rows, longest) is 0 at padding."""
        self._streams = [np.random.SFC64(key) for key in keys]
        self._there = there.bool()
        self.lay_out(list(range(len(keys))), there.sum(dim=1).tolist())

    def of_tokens(self, size: int, chance: float) -> Tensor:
        """Draw for states (rows, longest, size)."""
        kept = torch.zeros(*self._there.shape, size)
        kept[self._there] = super().of_tokens(size, chance).view(-1, size)
        return kept

    def of_looks(self, heads: int, chance: float) -> Tensor:
        """Draw for what every token looks at: (rows, heads, longest, longest)."""
        rows, longest = self._there.shape
        kept = torch.zeros(rows, heads, longest, longest)
        sizes = [heads * length**2 for length in self._lengths]
        drawn = torch.split(super().of_looks(heads, chance), sizes)
        for to, length, looks in zip(kept, self._lengths, drawn, strict=True):
            to[:, :length, :length] = looks.view(heads, length, length)
        return kept


def drop_row_by_row(backbone: PreTrainedModel) -> PaddedMasks | None:
    """Let a stacked backbone draw as the packed one it was made of; None: that has torch's own."""
    if row_masks(backbone) is None:
        backbone.set_attn_implementation("sdpa")
        return None
    masks = PaddedMasks()
    for part in backbone.modules():
        if isinstance(part, RowDropout):
            part.masks = masks
    AttentionInterface.register(_ATTENTION, _attend)
    backbone.set_attn_implementation(_ATTENTION)
    return masks


def _attend(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    *,
    row_masks: PaddedMasks,
    dropout: float = 0.0,
    scaling: float | None = None,
    **_others: object,
) -> tuple[Tensor, None]:
    """Attend as transformers asks of an attention: from (rows, heads, …) to (rows, longest, …)."""
    assert mask is not None
    if not dropout:
        found = functional.scaled_dot_product_attention(query, key, value, mask, scale=scaling)
        return found.transpose(1, 2), None
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    scores = (query @ key.transpose(2, 3) * scale).masked_fill(~mask, float("-inf"))
    kept = row_masks.of_looks(query.shape[1], dropout)
    looks = scores.softmax(-1) * kept.to(scores.dtype)
    return (looks @ value).transpose(1, 2), None
