"""A backbone without what a sequence has no use for: tokens that never come, and padding.

On a CPU a step takes as long as its tokens take, and about half of a shuffled batch is padding, so
rows are laid end to end. A row attends to itself alone, and its positions are its own: the states
are those of padded rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, PretrainedConfig, PreTrainedModel

from engine.learning.backbone import Backbone, Inputs, first_token, positions_before_first
from engine.tasks.encoded import Encoded

_DROPPED = -1

_ATTENTION = "bertcl_within_rows"
_SHOWN_TO_WORK = frozenset(
    {"albert", "bert", "camembert", "distilbert", "electra", "ernie", "roberta", "xlm-roberta"}
)
_Run = tuple[int, int]
"""So many rows, one after another, of so many tokens each."""


def used_tokens(parts: Iterable[Encoded]) -> NDArray[np.int64]:
    """Return every token that occurs, and what short rows are filled with; ascending."""
    parts = list(parts)
    highest = max(max(int(part.input_ids.max(initial=0)), part.padding) for part in parts)
    used = np.zeros(highest + 1, np.bool_)
    for part in parts:
        used[part.input_ids] = True
        used[part.padding] = True
    return np.flatnonzero(used)


def keep_tokens(module: PreTrainedModel, tokens: NDArray[np.int64]) -> None:
    """Drop the embeddings of all other tokens, most of a vocabulary.

    Adam without weight decay never moves what never had a gradient: the results are the same, but
    no step and no checkpoint carries the rest along.
    """
    table = _plain_table(module)
    if table is not None:
        module.set_input_embeddings(KeptTokens(table, torch.from_numpy(tokens)))


def kept_tokens(module: PreTrainedModel) -> tuple[str, Tensor] | None:
    """Return the name of the table's weight and the tokens it has rows for; None: for all."""
    table = module.get_input_embeddings()
    if not isinstance(table, KeptTokens):
        return None
    name = next(name for name, weight in module.named_parameters() if weight is table.weight)
    return name, torch.nonzero(table.place != _DROPPED).flatten()


def among_kept_tokens(module: PreTrainedModel, whole: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors shaped as the weights of a whole module as its kept tokens need them.

    Args:
        module: that may have lost tokens.
        whole: by name of a weight, each of the shape it had before.
    """
    kept = kept_tokens(module)
    if kept is None:
        return dict(whole)
    name, tokens = kept
    return {**whole, name: whole[name][tokens]}


class KeptTokens(nn.Module):
    """An embedding table with rows for some tokens only; known by their usual numbers."""

    place: Tensor

    def __init__(self, table: nn.Embedding, tokens: Tensor) -> None:
        super().__init__()
        kept = torch.zeros(table.num_embeddings, dtype=torch.bool)
        kept[tokens] = True
        if table.padding_idx is not None:
            kept[table.padding_idx] = True
        place = torch.where(kept, kept.cumsum(0) - 1, _DROPPED)
        self.register_buffer("place", place, persistent=False)
        self.padding_idx = None if table.padding_idx is None else int(place[table.padding_idx])
        self.weight = nn.Parameter(table.weight.detach()[kept])

    def forward(self, tokens: Tensor) -> Tensor:
        return functional.embedding(self.place[tokens], self.weight, self.padding_idx)


def _plain_table(module: PreTrainedModel) -> nn.Embedding | None:
    """Return the table if nothing but looking tokens up is done with it."""
    try:
        table = module.get_input_embeddings()
    except NotImplementedError:
        return None
    if type(table) is not nn.Embedding or table.max_norm or table.scale_grad_by_freq:
        return None
    parameters = module.named_parameters(remove_duplicate=False)
    users = [name for name, parameter in parameters if parameter is table.weight]
    return table if len(users) == 1 else None


def pack_rows(backbone: Backbone) -> Backbone:
    """Return the backbone working without padding, or as it is if its architecture needs that."""
    config = backbone.module.config
    if not _can_pack(backbone, config):
        return backbone
    AttentionInterface.register(_ATTENTION, _attend_within_rows)
    backbone.module.set_attn_implementation(_ATTENTION)
    return replace(backbone, summarise=_PackedFirstToken(positions_before_first(config)))


def _can_pack(backbone: Backbone, config: PretrainedConfig) -> bool:
    return is_plain_encoder(config) and backbone.summarise is first_token


def is_plain_encoder(config: PretrainedConfig) -> bool:
    """Whether rows may be laid end to end or stacked: tests show it of such architectures."""
    return config.model_type in _SHOWN_TO_WORK and not getattr(config, "is_decoder", False)


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
