"""A vocabulary of the tokens that occur: no step and no checkpoint carries the rest along."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from engine.tasks.encoded import Encoded

_DROPPED = -1


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
