"""The diagonal of the Fisher information: how much each weight matters to what was learnt."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
import transformers
from torch import Tensor, nn
from torch.nn import functional

from engine.learning.backbone import backbone_shape, model_fingerprint
from engine.learning.device import Device
from engine.learning.evaluation import to_device
from engine.learning.masked import MaskedText, load_masked_model, mask_texts, require_mask
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.tasks.cache import cache_key, load_arrays, save_arrays
from engine.tasks.encoded import Encoded
from engine.tasks.models import model_path
from engine.tasks.plain_text import read_texts, texts_fingerprint
from engine.tasks.tokenizer import load_tokenizer, tokenizer_fingerprint

_FOLDER = "fisher"
_VERSION = "1"
_LONGEST = 128
"""Tokens of a text; more cost time and say nothing new of a weight."""

Fisher = dict[str, Tensor]
"""By name of a trainable weight, shaped as the weight; never below 0."""


def diagonal_fisher(
    module: nn.Module, examples: Iterable[object], log_likelihood: Callable[[object], Tensor]
) -> Fisher:
    """Return the mean over examples of the squared gradient of each one's log-likelihood.

    Gradients are squared example by example: the square of a batch's gradient is another, smaller
    thing (Kunstner et al. 2019).

    Args:
        module: whose trainable weights are asked about; dropout must be off.
        examples: one after another.
        log_likelihood: of one example, a scalar.

    Raises:
        ValueError: there is no example.
    """
    named = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
    sums = {name: torch.zeros_like(weight) for name, weight in named.items()}
    count = 0
    for example in examples:
        gradients = torch.autograd.grad(
            log_likelihood(example), list(named.values()), allow_unused=True
        )
        for name, gradient in zip(named, gradients, strict=True):
            if gradient is not None:
                sums[name].addcmul_(gradient, gradient)
        count += 1
    if not count:
        raise ValueError("the Fisher information of no examples is not known")
    return {name: total / count for name, total in sums.items()}


def task_fisher(
    model: SequenceModel, train: Encoded, task: int, setup: Setup, *, rows: int
) -> Fisher:
    """Return the Fisher of a task's predictions at the model's present weights.

    Labels are drawn from what the model itself predicts, as the Fisher information is defined,
    not taken from the rows.

    Args:
        model: just after the task's stage.
        train: the task's training rows.
        task: its place in the sequence.
        setup: of the run; its seed decides rows and labels.
        rows: at most so many rows, chosen at random.
    """
    chosen = np.random.default_rng((setup.seed, task)).permutation(len(train))[:rows]
    draw = torch.Generator().manual_seed(setup.seed)
    was_training = model.training
    model.eval()

    def log_likelihood(row: object) -> Tensor:
        batch = to_device(train.batch(np.array([row])), setup.device)
        del batch["labels"]
        found = functional.log_softmax(model(batch, task), dim=1)
        label = torch.multinomial(found.detach().exp().cpu(), 1, generator=draw)
        return found[0, label.item()]  # type: ignore[index]

    fisher = diagonal_fisher(model.backbone, chosen, log_likelihood)
    model.train(was_training)
    return fisher


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
    key = cache_key(
        _VERSION,
        transformers.__version__,
        model_fingerprint(model),
        tokenizer_fingerprint(tokenizer),
        texts_fingerprint(texts),
        length,
    )
    cached = load_arrays(_FOLDER, key)
    if cached is None:
        masked = mask_texts(texts, tokenizer, mask, max_length=length)
        fisher = _compute(model, [_placed(text, device) for text in masked], device)
        save_arrays(_FOLDER, key, {name: value.cpu().numpy() for name, value in fisher.items()})
        return fisher
    return {name: torch.from_numpy(value).to(device.target) for name, value in cached.items()}


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
