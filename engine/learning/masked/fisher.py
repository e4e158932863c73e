"""The Fisher information of masked language modelling, once: the result is kept on disk."""

from hashlib import blake2b

import torch
import transformers
from torch import Tensor
from torch.nn import functional

from engine.learning.backbone import backbone_shape
from engine.learning.device import Device
from engine.learning.fisher import Fisher, diagonal_fisher
from engine.learning.masked.head import load_masked_model
from engine.learning.masked.masking import MaskedText, mask_texts, require_mask
from engine.learning.model_fingerprint import model_fingerprint
from engine.tasks.array_cache import load_arrays, save_arrays
from engine.tasks.models import model_path
from engine.tasks.plain_text import read_texts, texts_fingerprint
from engine.tasks.tokenizer import load_tokenizer, tokenizer_fingerprint

_KIND = "fisher"
_VERSION = "1"
_LONGEST = 128
"""Tokens of a text; more cost time and say nothing new of a weight."""


def masked_fisher(model: str, source: str, count: int, device: Device) -> Fisher:
    """Return the Fisher of a pretrained backbone on plain text, on the device, in fp32.

    Per text the log-likelihood is the mean over its hidden tokens (as in the authors' loss), which
    are drawn from what the model itself predicts.

    Args:
        model: hub name, ``sample``, or a local folder.
        source: as ``read_texts`` takes it.
        count: of texts.
        device: where it is computed.

    Raises:
        UsageError: model or text cannot be had, or the model knows no masked tokens.
    """
    tokenizer, texts = load_tokenizer(model_path(model)), read_texts(source, count)
    mask = require_mask(tokenizer, model)
    length = min(_LONGEST, backbone_shape(model).longest_input)
    key = _key(
        _VERSION,
        transformers.__version__,
        model_fingerprint(model),
        tokenizer_fingerprint(tokenizer),
        texts_fingerprint(texts),
        str(length),
    )
    kept = load_arrays(_KIND, key)
    if kept is None:
        masked = mask_texts(texts, tokenizer, mask, max_length=length)
        fisher = _compute(model, [_placed(text, device) for text in masked], device)
        save_arrays(_KIND, key, {name: value.cpu().numpy() for name, value in fisher.items()})
        return fisher
    return {name: torch.from_numpy(value).to(device.target) for name, value in kept.items()}


def _compute(model: str, texts: list[MaskedText], device: Device) -> Fisher:
    masked = load_masked_model(model, texts, device.target)
    draw = torch.Generator().manual_seed(0)

    def log_likelihood(text: object) -> Tensor:
        assert isinstance(text, MaskedText)
        found = functional.log_softmax(masked(text), dim=1)
        tokens = torch.multinomial(found.detach().exp().cpu(), 1, generator=draw)
        return found.gather(1, tokens.to(found.device)).mean()

    return diagonal_fisher(masked.backbone, texts, log_likelihood)


def _placed(text: MaskedText, device: Device) -> MaskedText:
    target = device.target
    return MaskedText(text.input_ids.to(target), text.places.to(target), text.hidden.to(target))


def _key(*parts: str) -> str:
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
