"""The diagonal of the Fisher information: how much each weight matters to what was learnt."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

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
_STREAM = 8
"""Sets its numbers apart from those of the order and of rows that are kept."""
_LONGEST = 128
"""Tokens of a text; more cost time and say nothing new of a weight."""

FisherKind = Literal["exact", "sampled", "empirical"]
"""Labels whose gradients are squared: all, weighted by the probability that the model itself gives
them, one drawn from those, or the one that the example has (van de Ven 2025).

The first is the diagonal of the Fisher information, the second is right on average, and the third
is another thing, which tends to 0 where all rows are learnt (Kunstner et al. 2019, section 4).
"""
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
        """Add each example's squared gradient, but for those added before.

        Gradients are squared example by example: the square of a batch's gradient is another,
        smaller thing (van de Ven 2025).

        Args:
            module: whose trainable weights are asked about; dropout must be off.
            examples: all of them, in the same order each time.
            log_likelihood: of one label of an example, a scalar; or of all its labels, a vector,
                whose squared gradients are then added by their probability.
            between: called between two examples.
        """
        named = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
        for name, weight in named.items():
            self._sums.setdefault(name, torch.zeros_like(weight))
        for example in examples[self.count :]:
            between()
            found = log_likelihood(example)
            if found.dim():
                self._add_all(named, found)
            else:
                self._add(_gradients(found, named))
            self.count += 1

    def _add_all(self, named: Mapping[str, Tensor], found: Tensor) -> None:
        """Add the squared gradients of all labels, each as often as it is likely.

        Weighted so, their gradients add up to 0: that of the likeliest follows from the others.
        """
        chances: list[float] = found.detach().double().exp().tolist()
        likeliest = chances.index(max(chances))
        rest: Fisher = {}
        for label, chance in enumerate(chances):
            if label == likeliest:
                continue
            for name, gradient in _gradients(found[label], named, again=True).items():
                self._sums[name].addcmul_(gradient, gradient, value=chance)
                rest.setdefault(name, torch.zeros_like(gradient)).add_(gradient, alpha=chance)
        self._add(rest, 1 / chances[likeliest])

    def _add(self, gradients: Fisher, weight: float = 1.0) -> None:
        for name, gradient in gradients.items():
            self._sums[name].addcmul_(gradient, gradient, value=weight)

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


def _gradients(found: Tensor, named: Mapping[str, Tensor], *, again: bool = False) -> Fisher:
    """Return the gradients by the weights that it depends on; ``again``: others will follow."""
    gradients = torch.autograd.grad(
        found, list(named.values()), allow_unused=True, retain_graph=again
    )
    known: dict[str, Tensor | None] = dict(zip(named, gradients, strict=True))
    return {name: gradient for name, gradient in known.items() if gradient is not None}


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
    kind: FisherKind = "exact",
    begun: FisherSum | None = None,
    between: Between = go_on,
) -> Fisher:
    """Return the Fisher of a task's predictions at the model's present weights.

    Args:
        model: just after the task's stage.
        train: the task's training rows.
        task: its place in the sequence.
        setup: of the run; its seed decides rows and labels.
        rows: at most so many rows, chosen at random.
        kind: of which labels; of all it costs a backward pass for each class but one.
        begun: what was added before; it has what was added since when this is ended half way.
        between: called between two rows.
    """
    chosen = np.random.default_rng((setup.seed, task, 0, _STREAM)).permutation(len(train))[:rows]
    fisher = begun or FisherSum(setup.seed)

    def log_likelihood(row: object) -> Tensor:
        batch = to_device(train.batch(np.array([row])), setup.device)
        label = batch.pop("labels")
        found = functional.log_softmax(model(batch, task), dim=1)
        if kind == "exact":
            return found[0]
        if kind == "sampled":
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
    kind: FisherKind = "sampled",
    begun: FisherSum | None = None,
    between: Between = go_on,
) -> Fisher:
    """Return the Fisher of a pretrained backbone on plain text, on the device, in fp32.

    Per text the log-likelihood is the mean over its hidden tokens (as in the authors' loss).

    Args:
        model: hub name, ``sample``, or a local folder.
        source: as ``read_texts`` takes it.
        count: of texts.
        device: where it is computed.
        kind: sampled or empirical; a vocabulary is too large for all its tokens.
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
        *(() if kind == "sampled" else (kind,)),
    )
    cached = load_arrays(_FOLDER, key)
    if cached is None:
        masked = mask_texts(texts, tokenizer, mask, max_length=length)
        placed = [_placed(text, device) for text in masked]
        fisher = _compute(model, placed, device, begun or FisherSum(), kind=kind, between=between)
        save_arrays(_FOLDER, key, {name: value.cpu().numpy() for name, value in fisher.items()})
        return fisher
    return {name: torch.from_numpy(value).to(device.target) for name, value in cached.items()}


def _compute(
    model: str,
    texts: list[MaskedText],
    device: Device,
    fisher: FisherSum,
    *,
    kind: FisherKind,
    between: Between,
) -> Fisher:
    masked = load_masked_model(model, texts, device.target, between)

    def log_likelihood(text: object) -> Tensor:
        assert isinstance(text, MaskedText)
        found = functional.log_softmax(masked(text), dim=1)
        tokens = text.hidden[:, None]
        if kind == "sampled":
            tokens = torch.multinomial(found.detach().exp().cpu(), 1, generator=fisher.draw)
        return found.gather(1, tokens.to(found.device)).mean()

    fisher.add(masked.backbone, texts, log_likelihood, between)
    return fisher.mean()


def _placed(text: MaskedText, device: Device) -> MaskedText:
    target = device.target
    return MaskedText(text.input_ids.to(target), text.places.to(target), text.hidden.to(target))
