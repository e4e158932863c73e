"""Laying the rows of a batch end to end, for backbones of which tests show that it may be done."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PretrainedConfig, PreTrainedModel

from engine.learning.backbone import Backbone, Inputs, first_token, positions_before_first
from engine.learning.packed.attention import attend_within_rows, runs_of
from engine.learning.packed.dropout import RowDropout, RowMasks

_ATTENTION = "bertcl_within_rows"
_SHOWN_TO_WORK = frozenset(
    {"albert", "bert", "camembert", "distilbert", "electra", "ernie", "roberta", "xlm-roberta"}
)


def pack_rows(backbone: Backbone) -> Backbone:
    """Return the backbone working without padding, or as it is if its architecture needs that."""
    config = backbone.module.config
    if not _can_pack(backbone, config):
        return backbone
    AttentionInterface.register(_ATTENTION, attend_within_rows)
    backbone.module.set_attn_implementation(_ATTENTION)
    masks = RowMasks()
    for parent in list(backbone.module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, RowDropout(child.p, masks).train(child.training))
    late = late_parts(backbone.module)
    if late is not None:
        _read_firsts_alone(late, masks)
    summarise = _PackedFirstToken(
        positions_before_first(config), masks, reads_early=late is not None
    )
    return replace(backbone, summarise=summarise)


@dataclass(frozen=True)
class LateParts:
    """What of the last layer sees first tokens alone where rows are packed.

    Nothing else is read off: an eighth of a small backbone's products.
    """

    attention: nn.Module
    query: nn.Module
    behind: tuple[nn.Module, ...]
    """The attention, in their order."""

    def weights(self) -> list[nn.Parameter]:
        return [weight for part in (self.query, *self.behind) for weight in part.parameters()]


def late_parts(module: PreTrainedModel) -> LateParts | None:
    """Return the parts that see first tokens alone; None where layers share their weights."""
    match module.config.model_type:
        case "albert":
            return None
        case "distilbert":
            layer: Any = module.transformer.layer[-1]  # type: ignore[union-attr, index]
            behind = layer.sa_layer_norm, layer.ffn, layer.output_layer_norm
            return LateParts(layer.attention, layer.attention.q_lin, behind)
    layer = module.encoder.layer[-1]  # type: ignore[union-attr, index]
    behind = layer.attention.output, layer.intermediate, layer.output
    return LateParts(layer.attention.self, layer.attention.self.query, behind)


def _read_firsts_alone(late: LateParts, masks: RowMasks) -> None:
    masks.late_attention = late.attention
    late.query.register_forward_pre_hook(_FirstsOnly(masks))
    late.query.register_forward_hook(_AtTheirPlaces(masks))
    late.behind[0].register_forward_pre_hook(_FirstsOnly(masks))
    for part in (inner for each in late.behind for inner in each.modules()):
        if isinstance(part, RowDropout):
            part.is_late = True


@dataclass(frozen=True)
class _FirstsOnly:
    """Lets a part see the first token of each row alone, while nothing else is asked for."""

    masks: RowMasks

    def __call__(self, _part: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        firsts = self.masks.firsts
        return states if firsts is None else tuple(each[:, firsts] for each in states)


@dataclass(frozen=True)
class _AtTheirPlaces:
    """Puts what was found of first tokens where they stand, as a layer expects of all tokens."""

    masks: RowMasks

    def __call__(self, _part: nn.Module, _states: object, found: Tensor) -> Tensor:
        return found if self.masks.firsts is None else self.masks.put_firsts(found[0])[None]


def look_at_no_mask(backbone: Backbone) -> Backbone:
    """Return the backbone such that a GPU never waits until it is seen whether rows are padded."""
    if not _can_pack(backbone, backbone.module.config):
        return backbone
    return replace(backbone, summarise=_first_token_unlooked)


def _first_token_unlooked(module: nn.Module, inputs: Inputs) -> Tensor:
    # A mask of four dimensions is used as it is; one of two is looked at.
    shaped = inputs["attention_mask"][:, None, None].bool()
    return first_token(module, {**inputs, "attention_mask": shaped})


def _can_pack(backbone: Backbone, config: PretrainedConfig) -> bool:
    return is_plain_encoder(config) and backbone.summarise is first_token


def is_plain_encoder(config: PretrainedConfig) -> bool:
    """Whether rows may be laid end to end or stacked: tests show it of such architectures."""
    return config.model_type in _SHOWN_TO_WORK and not getattr(config, "is_decoder", False)


@dataclass(frozen=True)
class _PackedFirstToken:
    first_position: int
    masks: RowMasks
    reads_early: bool

    def __call__(self, module: nn.Module, inputs: Inputs) -> Tensor:
        rows = {name: values for name, values in inputs.items() if name != "attention_mask"}
        lengths, order = inputs["attention_mask"].sum(dim=1).sort(descending=True, stable=True)
        self.masks.lay_out(order.tolist(), lengths.tolist())
        there = inputs["attention_mask"][order].bool()
        positions = (self.first_position + torch.arange(there.shape[1])).expand_as(there)
        first_tokens = lengths.cumsum(dim=0) - lengths
        self.masks.firsts = first_tokens if self.reads_early else None
        try:
            states: Tensor = module(
                **{name: values[order][there][None] for name, values in rows.items()},
                position_ids=positions[there][None],
                row_runs=runs_of(lengths.tolist()),
                row_masks=self.masks,
            ).last_hidden_state
        finally:
            self.masks.firsts = None
        read = states[0] if self.reads_early else states[0, first_tokens]
        return read[order.argsort()]
