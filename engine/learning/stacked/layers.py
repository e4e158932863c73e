"""A backbone for several trials: weights with a leading dimension of trials, and their dropout.

Every product is one for them all. Its rows are those of the trials one after another, as many of
each, so that whatever has no weights (attention, activations) stays as it is: a batch of more rows.
On a CPU, dropout draws the numbers that a trial draws alone, row by row, so that it learns the same
in a stack, where rows of several trials are padded to one length.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, PreTrainedModel

from engine.errors import UsageError
from engine.learning.packed.dropout import RowDropout, RowMasks, row_masks
from engine.learning.vocabulary import KeptTokens

_ATTENTION = "bertcl_in_a_stack"

RowKey = tuple[int, ...]
"""Seed, stage, step, task and number of a row; none of a row that only fills a trial's batch."""


def stacked_backbone(
    backbone: PreTrainedModel, weights: Mapping[str, nn.Parameter]
) -> PreTrainedModel:
    """Return a backbone that has these weights in place of its own.

    Args:
        backbone: of any of the trials; it stays as it is.
        weights: by their names in it, each of shape (trials, …).

    Raises:
        UsageError: it has weights in a part that is not known here.
    """
    own = {id(parameter): parameter for parameter in backbone.parameters()}
    stacked = deepcopy(backbone, dict(own))
    for name, part in list(stacked.named_modules()):
        if any(True for _ in part.parameters(recurse=False)):
            stacked.set_submodule(name, _stacked(name, part, weights))
    return stacked


def stacked_linear(values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Multiply each trial's values by its weight.

    Args:
        values: shape (trials · rows, …, in).
        weight: shape (trials, out, in).
        bias: shape (trials, out).
    """
    flat = values.reshape(len(weight), -1, values.shape[-1])
    factor = weight.transpose(1, 2)
    found = flat @ factor if bias is None else torch.baddbmm(bias[:, None], flat, factor)
    return found.view(*values.shape[:-1], -1)


def _stacked(name: str, part: nn.Module, weights: Mapping[str, nn.Parameter]) -> nn.Module:
    own = {key: weights[f"{name}.{key}"] for key, _ in part.named_parameters(recurse=False)}
    match part:
        case nn.Linear():
            return _Linear(own)
        case nn.LayerNorm():
            return _LayerNorm(own, part)
        case nn.Embedding() | KeptTokens():
            return _Embedding(own["weight"], part)
    raise UsageError(
        f"{type(part).__name__} has weights that are not learnt for several trials at once; learn "
        "one trial at a time"
    )


class _Linear(nn.Module):
    def __init__(self, own: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self.weight = own["weight"]
        self.bias = own.get("bias")

    def forward(self, values: Tensor) -> Tensor:
        return stacked_linear(values, self.weight, self.bias)


class _LayerNorm(nn.Module):
    def __init__(self, own: Mapping[str, nn.Parameter], like: nn.LayerNorm) -> None:
        super().__init__()
        self.weight, self.bias = own["weight"], own["bias"]
        self.shape, self.epsilon = like.normalized_shape, like.eps

    def forward(self, values: Tensor) -> Tensor:
        normal = functional.layer_norm(values, self.shape, eps=self.epsilon)
        flat = normal.reshape(len(self.weight), -1, values.shape[-1])
        return torch.addcmul(self.bias[:, None], flat, self.weight[:, None]).view(values.shape)


class _Embedding(nn.Module):
    """A table for each trial, one below the other; a token's row in the first is its number."""

    place: Tensor | None

    def __init__(self, weight: nn.Parameter, like: nn.Embedding | KeptTokens) -> None:
        super().__init__()
        self.weight = weight
        place = like.place if isinstance(like, KeptTokens) else None
        self.register_buffer("place", place, persistent=False)
        self.padding = like.padding_idx
        if self.padding is not None:
            weight.register_post_accumulate_grad_hook(self._rest_padding)  # type: ignore[no-untyped-call]

    def forward(self, tokens: Tensor) -> Tensor:
        trials, size, width = self.weight.shape
        rows = tokens if self.place is None else self.place[tokens]
        first = torch.arange(0, trials * size, size, device=rows.device)
        below = rows.reshape(trials, -1) + first[:, None]
        return functional.embedding(below.view_as(rows), self.weight.view(-1, width))

    def _rest_padding(self, weight: Tensor) -> None:
        """Leave the row that fills short rows as it is, as tables of one trial do."""
        assert weight.grad is not None
        weight.grad[:, self.padding].zero_()


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
