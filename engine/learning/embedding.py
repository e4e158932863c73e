"""What the pretrained backbone makes of rows before anything is learnt."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.learning.backbone import Backbone, load_backbone
from engine.learning.device import Device, pick_device
from engine.learning.evaluation import batches_by_length, in_order, to_device
from engine.learning.packing import pack_rows
from engine.tasks.encoded import Encoded


class Embedder:
    """Embeds rows: [CLS] of the last layer for encoders, the last token for decoders.

    Args:
        model: hub name, ``sample``, or a local folder.
        device: where; the arithmetic is fp32, so that the same rows are near the same centre.

    Raises:
        UsageError: the model or the device is not to be had.
    """

    def __init__(self, model: str, device: str = "auto") -> None:
        self._device = pick_device(device, "fp32")
        self._backbone = _resting(load_backbone(model), self._device)

    def __call__(self, encoded: Encoded, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embed these rows without dropout; shape (len(rows), hidden), in their order."""
        batches = batches_by_length(encoded.lengths()[rows])
        found = []
        with torch.inference_mode():
            for batch in batches:
                inputs = to_device(encoded.batch(rows[batch]), self._device)
                inputs.pop("labels")
                found.append(self._backbone.summarise(self._backbone.module, inputs).float())
        embeddings: NDArray[np.float32] = in_order(found, batches)
        return embeddings


def _resting(backbone: Backbone, device: Device) -> Backbone:
    module: nn.Module = backbone.module
    module.to(device.target).eval()
    return pack_rows(backbone) if device.target.type == "cpu" else backbone
