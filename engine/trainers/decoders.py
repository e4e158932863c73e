"""How trainers with models of their own name the parameters of a decoder."""

from collections.abc import Sequence

from msgspec import Struct

from engine.errors import UsageError
from engine.profiles import count_layers
from engine.profiles.parameters import HEAD_NAMES

_OF_A_LAYER = ("attention", "attention_norm", "feed_forward", "feed_forward_norm")
"""Stands for whatever a layer holds: its own part is all that a pattern names."""


class DecoderNames(Struct, frozen=True, kw_only=True):
    """Names of the modules of a decoder such as Llama, Qwen or Mistral."""

    trainer: str
    embeddings: str
    layers: str
    norm: str
    head: str

    def of(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the parameters of a decoder as this trainer does.

        Args:
            names: as transformers has them; a head that is tied to the embeddings is not there.

        Raises:
            UsageError: the model is no such decoder.
        """
        if not any("embed_tokens." in name for name in names):
            raise UsageError(
                f"{self.trainer} trains decoders such as Llama, Qwen and Mistral, and this model "
                "is none; name one with --model"
            )
        is_tied = not any(part in HEAD_NAMES for name in names for part in name.split("."))
        layers = (
            f"{self.layers}.{layer}.{part}.weight"
            for layer in range(count_layers(names))
            for part in _OF_A_LAYER
        )
        head = () if is_tied else (f"{self.head}.weight",)
        return (f"{self.embeddings}.weight", *layers, f"{self.norm}.weight", *head)
