"""Where a row is read off a backbone's states."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Inputs = dict[str, Tensor]
"""What a backbone is called with, each of shape (rows, longest)."""
Summarise = Callable[[nn.Module, Inputs], Tensor]
"""From a backbone and its inputs to states of shape (rows, hidden)."""


def first_token(module: nn.Module, inputs: Inputs) -> Tensor:
    """Read [CLS] of the last layer (section 4)."""
    states: Tensor = module(**inputs).last_hidden_state
    return states[:, 0]


def last_token(module: nn.Module, inputs: Inputs) -> Tensor:
    """Read the last token before the padding: in a decoder, the only one that saw the whole row."""
    states: Tensor = module(**inputs).last_hidden_state
    last = inputs["attention_mask"].sum(dim=1) - 1
    return states[torch.arange(len(states), device=states.device), last]
