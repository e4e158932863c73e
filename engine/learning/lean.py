"""A backbone without what a sequence has no use for: tokens that never come, and padding.

On a CPU a step takes as long as its tokens take, and about half of a shuffled batch is padding, so
rows are laid end to end. A row attends to itself alone, and its positions are its own: the states
are those of padded rows. What dropout drops of a row is its own as well, whatever is beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, PretrainedConfig, PreTrainedModel

from engine.learning.backbone import Backbone, Inputs, first_token, positions_before_first
from engine.tasks.encoded import Encoded

_DROPPED = -1

_ATTENTION = "bertcl_within_rows"
_SHOWN_TO_WORK = frozenset(
    {"albert", "bert", "camembert", "distilbert", "electra", "ernie", "roberta", "xlm-roberta"}
)
_Run = tuple[int, int]
"""So many rows, one after another, of so many tokens each."""
_CHANCES: Final = 2**16
_OF_ROWS: Final = 2
"""How many dimensions the summaries of rows have."""


def used_tokens(parts: Iterable[Encoded]) -> NDArray[np.int64]:
    """Return every token that occurs, and what short rows are filled with; ascending."""
    parts = list(parts)
    highest = max(max(int(part.input_ids.max(initial=0)), part.padding) for part in parts)
    used = np.zeros(highest + 1, np.bool_)
    for part in parts:
        used[part.input_ids] = True
        used[part.padding] = True
    return np.flatnonzero(used)


def keep_tokens(module: PreTrainedModel, tokens: NDArray[np.int64]) -> None:
    """Drop the embeddings of all other tokens, most of a vocabulary.

    Adam without weight decay never moves what never had a gradient: the results are the same, but
    no step and no checkpoint carries the rest along.
    """
    table = _plain_table(module)
    if table is not None:
        module.set_input_embeddings(KeptTokens(table, torch.from_numpy(tokens)))


def kept_tokens(module: PreTrainedModel) -> tuple[str, Tensor] | None:
    """Return the name of the table's weight and the tokens it has rows for; None: for all."""
    table = module.get_input_embeddings()
    if not isinstance(table, KeptTokens):
        return None
    name = next(name for name, weight in module.named_parameters() if weight is table.weight)
    return name, torch.nonzero(table.place != _DROPPED).flatten()


def among_kept_tokens(module: PreTrainedModel, whole: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors shaped as the weights of a whole module as its kept tokens need them.

    Args:
        module: that may have lost tokens.
        whole: by name of a weight, each of the shape it had before.
    """
    kept = kept_tokens(module)
    if kept is None:
        return dict(whole)
    name, tokens = kept
    return {**whole, name: whole[name][tokens]}


class KeptTokens(nn.Module):
    """An embedding table with rows for some tokens only; known by their usual numbers."""

    place: Tensor

    def __init__(self, table: nn.Embedding, tokens: Tensor) -> None:
        super().__init__()
        kept = torch.zeros(table.num_embeddings, dtype=torch.bool)
        kept[tokens] = True
        if table.padding_idx is not None:
            kept[table.padding_idx] = True
        place = torch.where(kept, kept.cumsum(0) - 1, _DROPPED)
        self.register_buffer("place", place, persistent=False)
        self.padding_idx = None if table.padding_idx is None else int(place[table.padding_idx])
        self.weight = nn.Parameter(table.weight.detach()[kept])

    def forward(self, tokens: Tensor) -> Tensor:
        return functional.embedding(self.place[tokens], self.weight, self.padding_idx)


def _plain_table(module: PreTrainedModel) -> nn.Embedding | None:
    """Return the table if nothing but looking tokens up is done with it."""
    try:
        table = module.get_input_embeddings()
    except NotImplementedError:
        return None
    if type(table) is not nn.Embedding or table.max_norm or table.scale_grad_by_freq:
        return None
    parameters = module.named_parameters(remove_duplicate=False)
    users = [name for name, parameter in parameters if parameter is table.weight]
    return table if len(users) == 1 else None


class RowMasks:
    """What dropout drops in a step: each of its rows has a stream of numbers of its own.

    So a row learns the same whatever rows are learnt beside it. Sixteen bits decide whether a
    number is kept: drawing them takes a tenth of the time of torch's own dropout.
    """

    def __init__(self) -> None:
        self._streams: list[np.random.SFC64] = []
        self._order: list[int] = []
        self._lengths: list[int] = []
        self.firsts: Tensor | None = None
        """Where rows begin, while nothing else is asked of the last layer."""

    @property
    def begun(self) -> bool:
        """Whether there are rows to draw for; where there are none, torch's own dropout serves."""
        return bool(self._streams)

    def begin(self, step: tuple[int, ...], rows: Iterable[int]) -> None:
        """Begin anew the streams of these rows in this step; they are the batch that comes next."""
        self._streams = [np.random.SFC64((*step, int(row))) for row in rows]

    def lay_out(self, order: list[int], lengths: list[int]) -> None:
        """Take which rows of the batch are laid end to end in that order, and their tokens."""
        self._order, self._lengths = order, lengths

    def of_rows(self, size: int, chance: float) -> Tensor:
        """Draw for states (rows, size), in the order of the batch."""
        return self._draw(range(len(self._streams)), [size] * len(self._streams), chance)

    def of_tokens(self, size: int, chance: float) -> Tensor:
        """Draw for states (tokens, size) of rows laid end to end."""
        return self._draw(self._order, [length * size for length in self._lengths], chance)

    def of_looks(self, heads: int, chance: float) -> Tensor:
        """Draw for what every token looks at: (heads, length, length) of row after row."""
        return self._draw(self._order, [heads * length**2 for length in self._lengths], chance)

    def _draw(self, rows: Iterable[int], sizes: list[int], chance: float) -> Tensor:
        """Return 0 for what is dropped, and for the rest what makes up for it."""
        bits = np.concatenate(
            [
                self._streams[row].random_raw(size // 4 + 1).view(np.uint16)[:size]
                for row, size in zip(rows, sizes, strict=True)
            ]
        )
        dropped = round(chance * _CHANCES)
        kept = np.float32(_CHANCES / max(1, _CHANCES - dropped))
        return torch.from_numpy(np.multiply(bits >= dropped, kept))


class RowDropout(nn.Dropout):
    """Dropout of packed states (1, tokens, size), or of rows' summaries (rows, size)."""

    def __init__(self, chance: float, masks: RowMasks) -> None:
        super().__init__(chance)
        self.masks = masks
        self.is_late = False
        """Whether it is in the last layer, behind what each token sees of the others."""

    def forward(self, states: Tensor) -> Tensor:
        if not self.training or not self.masks.begun:
            return super().forward(states)
        draw = self.masks.of_tokens if states.dim() > _OF_ROWS else self.masks.of_rows
        kept = draw(states.shape[-1], self.p)
        if self.is_late and self.masks.firsts is not None:
            kept = kept.view(-1, states.shape[-1])[self.masks.firsts]
        return states * kept.view_as(states).to(states.dtype)


def pack_rows(backbone: Backbone) -> Backbone:
    """Return the backbone working without padding, or as it is if its architecture needs that."""
    config = backbone.module.config
    if not _can_pack(backbone, config):
        return backbone
    AttentionInterface.register(_ATTENTION, _attend_within_rows)
    backbone.module.set_attn_implementation(_ATTENTION)
    masks = RowMasks()
    for parent in list(backbone.module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, RowDropout(child.p, masks).train(child.training))
    late = late_parts(backbone.module)
    for part in late[:1]:
        part.register_forward_pre_hook(_FirstsOnly(masks))
    for part in (inner for each in late for inner in each.modules()):
        if isinstance(part, RowDropout):
            part.is_late = True
    summarise = _PackedFirstToken(positions_before_first(config), masks, reads_early=bool(late))
    return replace(backbone, summarise=summarise)


def late_parts(module: PreTrainedModel) -> tuple[nn.Module, ...]:
    """Return the parts of the last layer behind its attention, in their order.

    Where rows are packed, they see first tokens alone, as nothing else is read off: a tenth of a
    small backbone's products. None where layers share their weights.
    """
    match module.config.model_type:
        case "albert":
            return ()
        case "distilbert":
            layer: Any = module.transformer.layer[-1]  # type: ignore[union-attr, index]
            return layer.sa_layer_norm, layer.ffn, layer.output_layer_norm
    layer = module.encoder.layer[-1]  # type: ignore[union-attr, index]
    return layer.attention.output, layer.intermediate, layer.output


@dataclass(frozen=True)
class _FirstsOnly:
    """Lets a part see the first token of each row alone, while nothing else is asked for."""

    masks: RowMasks

    def __call__(self, _part: nn.Module, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        firsts = self.masks.firsts
        return states if firsts is None else tuple(each[:, firsts] for each in states)


def look_at_no_mask(backbone: Backbone) -> Backbone:
    """Return the backbone such that a GPU never waits until it is seen whether rows are padded."""
    if not _can_pack(backbone, backbone.module.config):
        return backbone
    return replace(backbone, summarise=_first_token_unlooked)


def _first_token_unlooked(module: nn.Module, inputs: Inputs) -> Tensor:
    # A mask of four dimensions is used as it is; one of two is looked at.
    shaped = inputs["attention_mask"][:, None, None].bool()
    return first_token(module, {**inputs, "attention_mask": shaped})


def row_masks(module: nn.Module) -> RowMasks | None:
    """Return what a packed backbone's dropout draws from; None: it has torch's own."""
    each = (part.masks for part in module.modules() if isinstance(part, RowDropout))
    return next(each, None)


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
                row_runs=_runs(lengths.tolist()),
                row_masks=self.masks,
            ).last_hidden_state
        finally:
            self.masks.firsts = None
        read = states[0] if self.reads_early else states[0, first_tokens]
        return read[order.argsort()]


def _runs(lengths: list[int]) -> list[_Run]:
    return [(len(list(rows)), length) for length, rows in groupby(lengths)]


def _attend_within_rows(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _mask: Tensor | None,
    *,
    row_runs: list[_Run],
    row_masks: RowMasks,
    dropout: float = 0.0,
    scaling: float | None = None,
    **_others: object,
) -> tuple[Tensor, None]:
    """Attend as transformers asks of an attention: from (1, heads, tokens, size) to (1, tokens, …).

    Rows of one length are one product.
    """
    if dropout and row_masks.begun:
        scale = query.shape[3] ** -0.5 if scaling is None else scaling
        kept = row_masks.of_looks(query.shape[1], dropout)
        found: Tensor = _DroppingAttention.apply(query, key, value, kept, row_runs, scale)  # type: ignore[no-untyped-call]
        return found, None
    sizes = [rows * length for rows, length in row_runs]
    parts = (torch.split(states[0], sizes, dim=1) for states in (query, key, value))
    attended = []
    for run, *states in zip(row_runs, *parts, strict=True):
        q, k, v = (part.unflatten(1, run).transpose(0, 1) for part in states)
        found = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling)
        attended.append(found.transpose(1, 2).flatten(0, 1))
    return torch.cat(attended)[None], None


class _DroppingAttention(torch.autograd.Function):
    """Attention within rows laid end to end, where some of what is looked at is dropped.

    A CPU's fused kernels cannot drop, and what torch does instead takes twice their time, most of
    it in the many small steps that are remembered for every length. This takes as long as they do.
    """

    @staticmethod
    def forward(  # noqa: PLR0917 - as apply hands them on
        ctx: Any,  # noqa: ANN401 - it holds whatever is put there
        query: Tensor,
        key: Tensor,
        value: Tensor,
        kept: Tensor,
        runs: list[_Run],
        scale: float,
    ) -> Tensor:
        _, heads, tokens, size = query.shape
        found = query.new_empty(1, tokens, heads, size)
        kept, saved = kept.to(query.dtype), []
        with torch.autocast("cpu", enabled=False):
            for place, run, keep in _by_length(runs, kept, heads):
                q, k, v = (_by_row(states[0, :, place], run) for states in (query, key, value))
                looks = torch.bmm(q, k.transpose(1, 2)).mul_(scale).softmax(-1)
                _put(found[0, place], torch.bmm(looks * keep, v), run)
                saved += [q, k, v, looks]
        ctx.save_for_backward(kept, *saved)
        ctx.runs, ctx.scale = runs, scale
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        gradient, (kept, *saved) = gradients[0], ctx.saved_tensors
        of_query, of_key, of_value = (torch.empty_like(gradient) for _ in range(3))
        heads = gradient.shape[2]
        for number, (place, run, keep) in enumerate(_by_length(ctx.runs, kept, heads)):
            q, k, v, looks = saved[4 * number : 4 * number + 4]
            given = _by_row(gradient[0, place].transpose(0, 1), run)
            of_looks = torch.bmm(given, v.transpose(1, 2)).mul_(keep)
            of_scores = torch._softmax_backward_data(of_looks, looks, -1, looks.dtype)  # noqa: SLF001 - the only way to ask for it
            of_scores.mul_(ctx.scale)
            _put(of_query[0, place], torch.bmm(of_scores, k), run)
            _put(of_key[0, place], torch.bmm(of_scores.transpose(1, 2), q), run)
            _put(of_value[0, place], torch.bmm((looks * keep).transpose(1, 2), given), run)
        of_states = (states.transpose(1, 2) for states in (of_query, of_key, of_value))
        return *of_states, None, None, None


def _by_length(runs: list[_Run], kept: Tensor, heads: int) -> Iterator[tuple[slice, _Run, Tensor]]:
    """Yield which tokens a run has, the run, and what is kept of what its rows look at."""
    token = look = 0
    for rows, length in runs:
        tokens, looks = rows * length, rows * heads * length * length
        keep = kept[look : look + looks].view(rows * heads, length, length)
        yield slice(token, token + tokens), (rows, length), keep
        token, look = token + tokens, look + looks


def _by_row(states: Tensor, run: _Run) -> Tensor:
    """From (heads, tokens, size) to (rows · heads, length, size)."""
    heads, _, size = states.shape
    return states.view(heads, *run, size).transpose(0, 1).flatten(0, 1)


def _put(to: Tensor, states: Tensor, run: _Run) -> None:
    """From (rows · heads, length, size) to (tokens, heads, size)."""
    (rows, length), (_, heads, size) = run, to.shape
    to.view(*run, heads, size).copy_(states.view(rows, heads, length, size).transpose(1, 2))
