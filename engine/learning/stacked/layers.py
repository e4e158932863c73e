"""A backbone whose weights have a leading dimension of trials: every product is one for them all.

Its rows are those of the trials one after another, as many of each, so that whatever has no weights
(attention, dropout, activations) stays as it is: a batch of more rows.
"""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from engine.errors import UsageError
from engine.learning.lean import KeptTokens


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
