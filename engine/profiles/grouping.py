"""Which encoder layers share a learning rate."""

from typing import Literal, cast, get_args

from msgspec import Struct

from engine.errors import UsageError, shown

GroupingPreset = Literal["paper", "original-code", "custom"]

MOST_ENCODER_CHOICES = 8
MOST_LAYERS = 10_000
"""Of what can be a backbone; no model comes near it."""


class Grouping(Struct, frozen=True, forbid_unknown_fields=True):
    """Explicit layers of every encoder choice; layers are counted from 1.

    Choice 0 is the embeddings, choices 1..k are the encoder's, choice k+1 is the heads.

    Raises:
        UsageError: a layer is missing, comes twice or stands out of order, a choice is empty, or
            the layers are not those that the preset's name promises.
    """

    preset: GroupingPreset
    layers: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if self.preset not in get_args(GroupingPreset):
            raise _unknown_preset(self.preset)
        _refuse_gaps(self.layers)
        if self.preset != "custom" and self.layers != _preset_layers(self.preset, self.n_layers):
            raise UsageError(
                f"grouping says '{shown(self.preset)}' but lists other layers than that preset "
                f"gives {self.n_layers} layers; call it custom"
            )

    @property
    def n_layers(self) -> int:
        return self.layers[-1][-1]

    @property
    def n_choices(self) -> int:
        """Embeddings, encoder choices and heads."""
        return len(self.layers) + 2

    def choice_of_layer(self, layer: int) -> int:
        """Return the choice that holds this layer.

        Raises:
            UsageError: the grouping has no such layer.
        """
        for choice, layers in enumerate(self.layers, start=1):
            if layer in layers:
                return choice
        raise UsageError(f"no layer {layer} in this grouping; its layers are 1 to {self.n_layers}")

    def labels(self) -> tuple[str, ...]:
        """Name every choice for people: ``embeddings``, ``layer 1``, ``layers 2–3``, ``heads``."""
        return ("embeddings", *map(_layers_label, self.layers), "heads")


def make_grouping(preset: str, n_layers: int) -> Grouping:
    """Group a backbone's layers into at most eight choices, as evenly as they go.

    With n layers and k = min(8, n) choices, ``paper`` gives choice c the layers
    ⌊(c-1)·n/k⌋+1 to ⌊c·n/k⌋ (Kenneweg et al. 2022, section 3); ``original-code``, the authors'
    published code, rounds up instead and so puts the wider choices first.

    Raises:
        UsageError: there is no such preset, or the backbone has no layers.
    """
    if not 1 <= n_layers <= MOST_LAYERS:
        raise UsageError(
            f"a backbone of {shown(n_layers, 24)} layers cannot be grouped; "
            f"it needs at least 1, and has at most {MOST_LAYERS:,}"
        )
    if preset not in {"paper", "original-code"}:
        raise _unknown_preset(preset)
    return Grouping(cast("GroupingPreset", preset), _preset_layers(preset, n_layers))


def _preset_layers(preset: str, n_layers: int) -> tuple[tuple[int, ...], ...]:
    choices = min(MOST_ENCODER_CHOICES, n_layers)

    def last_layer(choice: int) -> int:
        if preset == "paper":
            return choice * n_layers // choices
        return -(-choice * n_layers // choices)

    return tuple(
        tuple(range(last_layer(choice - 1) + 1, last_layer(choice) + 1))
        for choice in range(1, choices + 1)
    )


def _unknown_preset(preset: str) -> UsageError:
    return UsageError(
        f"no grouping named '{shown(preset)}'; use paper, original-code or custom layers"
    )


def _refuse_gaps(choices: tuple[tuple[int, ...], ...]) -> None:
    if not choices or not all(choices):
        raise UsageError("grouping has a choice without layers; give every choice at least one")
    expected = 1
    for layer in (layer for choice in choices for layer in choice):
        if layer != expected:
            raise UsageError(
                f"grouping has layer {layer} where layer {expected} belongs; "
                "list every layer once, ascending from 1"
            )
        expected += 1


def _layers_label(layers: tuple[int, ...]) -> str:
    first, last = layers[0], layers[-1]
    return f"layer {first}" if first == last else f"layers {first}–{last}"
