"""Rows laid end to end, so that nothing is computed for padding.

On a CPU a step takes as long as its tokens take, and about half of a shuffled batch is padding. A
row attends to itself alone, and its positions are its own: the states are those of padded rows.
"""

from dataclasses import dataclass, replace
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, PretrainedConfig

from engine.learning.backbone import Backbone, Inputs, first_token, positions_before_first

_ATTENTION = "bertcl_within_rows"
_SHOWN_TO_WORK = frozenset(
    {"albert", "bert", "camembert", "distilbert", "electra", "ernie", "roberta", "xlm-roberta"}
)
_Run = tuple[int, int]
"""So many rows, one after another, of so many tokens each."""


def pack_rows(backbone: Backbone) -> Backbone:
    """Return the backbone working without padding, or as it is if its architecture needs that."""
    config = backbone.module.config
    if not _can_pack(backbone, config):
        return backbone
    AttentionInterface.register(_ATTENTION, _attend_within_rows)
    backbone.module.set_attn_implementation(_ATTENTION)
    return replace(backbone, summarise=_PackedFirstToken(positions_before_first(config)))


def _can_pack(backbone: Backbone, config: PretrainedConfig) -> bool:
    return (
        config.model_type in _SHOWN_TO_WORK
        and not getattr(config, "is_decoder", False)
        and backbone.summarise is first_token
    )


@dataclass(frozen=True)
class _PackedFirstToken:
    first_position: int

    def __call__(self, module: nn.Module, inputs: Inputs) -> Tensor:
        rows = {name: values for name, values in inputs.items() if name != "attention_mask"}
        lengths, order = inputs["attention_mask"].sum(dim=1).sort(descending=True, stable=True)
        there = inputs["attention_mask"][order].bool()
        positions = (self.first_position + torch.arange(there.shape[1])).expand_as(there)
        states: Tensor = module(
            **{name: values[order][there][None] for name, values in rows.items()},
            position_ids=positions[there][None],
            row_runs=_runs(lengths.tolist()),
        ).last_hidden_state
        first_tokens = lengths.cumsum(dim=0) - lengths
        return states[0, first_tokens[order.argsort()]]


def _runs(lengths: list[int]) -> list[_Run]:
    return [(len(list(rows)), length) for length, rows in groupby(lengths)]


def _attend_within_rows(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _mask: Tensor | None,
    *,
    row_runs: list[_Run],
    dropout: float = 0.0,
    scaling: float | None = None,
    **_others: object,
) -> tuple[Tensor, None]:
    """Attend as transformers asks of an attention: from (1, heads, tokens, size) to (1, tokens, …).

    Rows of one length are one product.
    """
    sizes = [rows * length for rows, length in row_runs]
    parts = (torch.split(states[0], sizes, dim=1) for states in (query, key, value))
    attended = []
    for run, *states in zip(row_runs, *parts, strict=True):
        q, k, v = (part.unflatten(1, run).transpose(0, 1) for part in states)
        found = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling)
        attended.append(found.transpose(1, 2).flatten(0, 1))
    return torch.cat(attended)[None], None
