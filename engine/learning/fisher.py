"""The diagonal of the Fisher information: how much each weight matters to what was learnt."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import torch
import transformers
from torch import Tensor, nn
from torch.nn import functional

from engine.learning.backbone import backbone_shape, model_fingerprint
from engine.learning.device import Device, to_device
from engine.learning.events import Between, go_on
from engine.learning.masked import MaskedText, load_masked_model, mask_texts, require_mask
from engine.learning.model import SequenceModel, resting
from engine.learning.plan import Setup
from engine.tasks.cache import cache_key, load_arrays, save_arrays
from engine.tasks.encoded import Encoded, load_tokenizer, tokenizer_fingerprint
from engine.tasks.models import model_path
from engine.tasks.plain_text import read_texts, texts_fingerprint

_FOLDER: Final = "fisher"
_VERSION = "1"
_BEGUN = "begun."
_LONGEST = 128
"""Tokens of a text; more cost time and say nothing new of a weight."""

Fisher = dict[str, Tensor]
"""By name of a trainable weight, shaped as the weight; never below 0."""


class FisherSum:
    """The sum over the examples so far, with all that is needed to go on with the next one.

    Args:
        seed: of the labels that are drawn.
    """

    def __init__(self, seed: int = 0) -> None:
        self.count = 0
        self.draw = torch.Generator().manual_seed(seed)
        self._sums: Fisher = {}

    def add(
        self,
        module: nn.Module,
        examples: Sequence[object],
        log_likelihood: Callable[[object], Tensor],
        between: Between = go_on,
    ) -> None:
        """Add the squared gradient of each example's log-likelihood, but for those added before.

        Gradients are squared example by example: the square of a batch's gradient is another,
        smaller thing (Kunstner et al. 2019).

        Args:
            module: whose trainable weights are asked about; dropout must be off.
            examples: all of them, in the same order each time.
            log_likelihood: of one example, a scalar.
            between: called between two examples.
        """
        named = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
        for name, weight in named.items():
            self._sums.setdefault(name, torch.zeros_like(weight))
        for example in examples[self.count :]:
            between()
            gradients = torch.autograd.grad(
                log_likelihood(example), list(named.values()), allow_unused=True
            )
            for name, gradient in zip(named, gradients, strict=True):
                if gradient is not None:
                    self._sums[name].addcmul_(gradient, gradient)
            self.count += 1

    def mean(self) -> Fisher:
        """Return the Fisher information.

        Raises:
            ValueError: there was no example.
        """
        if not self.count:
            raise ValueError("the Fisher information of no examples is not known")
        return {name: total / self.count for name, total in self._sums.items()}

    def state(self) -> dict[str, Tensor]:
        """Return what ``load`` goes on from."""
        sums = {f"sum.{name}": total for name, total in self._sums.items()}
        return {"count": torch.tensor(self.count), "draw": self.draw.get_state(), **sums}

    @classmethod
    def load(cls, state: Mapping[str, Tensor]) -> "FisherSum":
        """Return what ``state`` was of."""
        found = cls()
        found.count = int(state["count"])
        found.draw.set_state(state["draw"].cpu())
        found._sums = {
            name.removeprefix("sum."): total.clone()
            for name, total in state.items()
            if name.startswith("sum.")
        }
        return found


def packed(begun: FisherSum | None) -> dict[str, Tensor]:
    """Return what a method's state has of a sum that was begun."""
    state = {} if begun is None else begun.state()
    return {f"{_BEGUN}{name}": value for name, value in state.items()}


def unpacked(state: Mapping[str, Tensor]) -> FisherSum | None:
    """Return the sum that was begun; None: none was, or it came to its end."""
    found = {
        name.removeprefix(_BEGUN): value for name, value in state.items() if name.startswith(_BEGUN)
    }
    return FisherSum.load(found) if found else None


def task_fisher(
    model: SequenceModel,
    train: Encoded,
    task: int,
    setup: Setup,
    *,
    rows: int,
    begun: FisherSum | None = None,
    between: Between = go_on,
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
        begun: what was added before; it has what was added since when this is ended half way.
        between: called between two rows.
    """
    chosen = np.random.default_rng((setup.seed, task)).permutation(len(train))[:rows]
    fisher = begun or FisherSum(setup.seed)

    def log_likelihood(row: object) -> Tensor:
        batch = to_device(train.batch(np.array([row])), setup.device)
        del batch["labels"]
        found = functional.log_softmax(model(batch, task), dim=1)
        label = torch.multinomial(found.detach().exp().cpu(), 1, generator=fisher.draw)
        return found[0, label.item()]  # type: ignore[index]

    with resting(model):
        fisher.add(model.backbone, list(chosen), log_likelihood, between)
    return fisher.mean()


def masked_fisher(
    model: str,
    source: str,
    count: int,
    device: Device,
    *,
    begun: FisherSum | None = None,
    between: Between = go_on,
) -> Fisher:
    """Return the Fisher of a pretrained backbone on plain text, on the device, in fp32.

    Per text the log-likelihood is the mean over its hidden tokens (as in the authors' loss), which
    are drawn from what the model itself predicts.

    Args:
        model: hub name, ``sample``, or a local folder.
        source: as ``read_texts`` takes it.
        count: of texts.
        device: where it is computed.
        begun: what was added before; it has what was added since when this is ended half way.
        between: called between two texts.

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
        placed = [_placed(text, device) for text in masked]
        fisher = _compute(model, placed, device, begun or FisherSum(), between)
        save_arrays(_FOLDER, key, {name: value.cpu().numpy() for name, value in fisher.items()})
        return fisher
    return {name: torch.from_numpy(value).to(device.target) for name, value in cached.items()}


def _compute(
    model: str, texts: list[MaskedText], device: Device, fisher: FisherSum, between: Between
) -> Fisher:
    masked = load_masked_model(model, texts, device.target, between)

    def log_likelihood(text: object) -> Tensor:
        assert isinstance(text, MaskedText)
        found = functional.log_softmax(masked(text), dim=1)
        tokens = torch.multinomial(found.detach().exp().cpu(), 1, generator=fisher.draw)
        return found.gather(1, tokens.to(found.device)).mean()

    fisher.add(masked.backbone, texts, log_likelihood, between)
    return fisher.mean()


def _placed(text: MaskedText, device: Device) -> MaskedText:
    target = device.target
    return MaskedText(text.input_ids.to(target), text.places.to(target), text.hidden.to(target))
