"""What the pretrained backbone makes of rows before anything is learnt."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedTokenizerBase

from engine.learning.backbone import Backbone, load_backbone
from engine.learning.device import Device, pick_device
from engine.learning.evaluation import batches_by_length, in_order, to_device
from engine.learning.packing import pack_rows
from engine.tasks.encoding import encode
from engine.tasks.task import Examples

_CHUNK = 1024

OnProgress = Callable[[int, int], None]
"""Is told how many rows are embedded, and of how many."""


def _unheard(_done: int, _total: int) -> None: ...


@dataclass(frozen=True)
class Pretrained:
    """Whose tokens are counted, and who embeds."""

    model: str
    tokenizer: PreTrainedTokenizerBase
    max_length: int
    """In tokens, no more than the backbone takes."""
    device: str = "auto"
    progress: OnProgress = field(default=_unheard, compare=False)


class Embedder:
    """Embeds rows: [CLS] of the last layer for encoders, the last token for decoders.

    In fp32 on every device, so that a row is near the same centre on all of them.

    Raises:
        UsageError: the model or the device is not to be had.
    """

    def __init__(self, pretrained: Pretrained) -> None:
        self._pretrained = pretrained
        self._device = pick_device(pretrained.device, "fp32")
        self._backbone = _resting(load_backbone(pretrained.model), self._device)

    def chunks(self, examples: Examples) -> Iterator[NDArray[np.float32]]:
        """Embed rows without dropout; each of shape (rows, hidden), in the order of the rows."""
        about = self._pretrained
        encoded = encode(examples, about.tokenizer, about.max_length)
        lengths = encoded.lengths()
        for start in range(0, len(encoded), _CHUNK):
            about.progress(start, len(encoded))
            batches = batches_by_length(lengths[start : start + _CHUNK])
            found = []
            with torch.inference_mode():
                for batch in batches:
                    inputs = to_device(encoded.batch(batch + start), self._device)
                    inputs.pop("labels")
                    found.append(self._backbone.summarise(self._backbone.module, inputs).float())
            yield in_order(found, batches)
        about.progress(len(encoded), len(encoded))


def _resting(backbone: Backbone, device: Device) -> Backbone:
    module: nn.Module = backbone.module
    module.to(device.target).eval()
    return pack_rows(backbone) if device.target.type == "cpu" else backbone
