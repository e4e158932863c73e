"""Masked language modelling: hiding tokens of plain text, and a backbone that predicts them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.nn import functional
from transformers import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from engine.errors import UsageError, shown
from engine.learning.backbone import load_backbone
from engine.learning.events import Between, go_on
from engine.tasks.hub_access import read_model
from engine.tasks.models import model_path

_HIDDEN = 0.15
"""Share of a text's tokens, as BERT was pretrained."""
_PASSES = 3
_PLACES_A_STEP = 64
_RATE = 1e-3
_SEED = 0


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
            f"model '{shown(model)}' was not pretrained by masking tokens, as method ewc-mlm "
            "needs it; use method ewc-task or l2-sp, or an encoder such as bert-base-uncased"
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


class MaskedModel(nn.Module):
    """A backbone that can say which token is hidden."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, text: MaskedText) -> Tensor:
        """Return logits (hidden, vocabulary)."""
        raise NotImplementedError


class Pretrained(MaskedModel):
    """With the head that the backbone was pretrained with."""

    def __init__(self, whole: PreTrainedModel) -> None:
        super().__init__(whole.base_model)
        self.whole = whole

    def forward(self, text: MaskedText) -> Tensor:
        logits: Tensor = self.whole(text.input_ids).logits
        return logits[0, text.places]


class Tied(MaskedModel):
    """With a head that shares the input embeddings, for a backbone that was saved without one."""

    def __init__(self, backbone: PreTrainedModel) -> None:
        super().__init__(backbone)
        table = _table(backbone)
        size, width = table.shape
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, text: MaskedText) -> Tensor:
        return self.read(self.states(text))

    def states(self, text: MaskedText) -> Tensor:
        """Return the backbone's states (hidden, width) at the hidden places."""
        states: Tensor = self.backbone(text.input_ids).last_hidden_state
        return states[0, text.places]

    def read(self, states: Tensor) -> Tensor:
        """Return logits (hidden, vocabulary)."""
        return functional.linear(self.transform(states), _table(self.backbone), self.bias)

    def fit(self, texts: Sequence[MaskedText], between: Between = go_on) -> None:
        """Learn the head alone, from states that the backbone gives once."""
        found = []
        with torch.no_grad():
            for text in texts:
                between()
                found.append(self.states(text))
        states = torch.cat(found)
        hidden = torch.cat([text.hidden for text in texts])
        own = [*self.transform.parameters(), self.bias]
        optimizer = optim.Adam(own, lr=_RATE)
        order = torch.Generator().manual_seed(_SEED)
        for _ in range(_PASSES):
            for places in torch.split(torch.randperm(len(hidden), generator=order), _PLACES_A_STEP):
                between()
                at = places.to(hidden.device)
                loss = functional.cross_entropy(self.read(states[at]), hidden[at])
                gradients = torch.autograd.grad(loss, own)
                for weight, gradient in zip(own, gradients, strict=True):
                    weight.grad = gradient
                optimizer.step()


def load_masked_model(
    model: str, texts: Sequence[MaskedText], device: torch.device, between: Between = go_on
) -> MaskedModel:
    """Load a backbone with its own head, or where it has none, with a tied one fitted to texts.

    Dropout is off. ``between`` is called while a head is fitted.

    Raises:
        UsageError: the model is not to be had.
    """
    pretrained = _with_own_head(model)
    if pretrained is not None:
        return pretrained.to(device).eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        tied = Tied(load_backbone(model).module)
    tied.to(device).eval()
    tied.fit(texts, between)
    return tied


def _with_own_head(model: str) -> Pretrained | None:
    path = model_path(model)

    def load() -> Pretrained | None:
        try:
            whole, found = AutoModelForMaskedLM.from_pretrained(
                path, dtype="float32", output_loading_info=True, trust_remote_code=False
            )
        except ValueError:
            # An architecture that never was a masked language model.
            return None
        return None if found["missing_keys"] else Pretrained(whole)

    return read_model(path, load)


def _table(backbone: nn.Module) -> Tensor:
    table: Tensor = backbone.get_input_embeddings().weight  # type: ignore[operator]
    return table
