"""Attention within rows that are laid end to end."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.learning.packed.dropout import RowMasks

Run = tuple[int, int]
"""So many rows, one after another, of so many tokens each."""


def runs_of(lengths: list[int]) -> list[Run]:
    return [(len(list(rows)), length) for length, rows in groupby(lengths)]


def attend_within_rows(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _mask: Tensor | None,
    *,
    row_runs: list[Run],
    row_masks: RowMasks,
    dropout: float = 0.0,
    scaling: float | None = None,
    **_others: object,
) -> tuple[Tensor, None]:
    """Attend as transformers asks of an attention: from (1, heads, tokens, size) to (1, tokens, …).

    Rows of one length are one product.
    """
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    if row_masks.firsts is not None and module is row_masks.late_attention:
        q, k, v = (states[0].transpose(0, 1) for states in (query, key, value))
        seen = _seen_by_firsts(q, k, v, row_masks, dropout=dropout, scale=scale)
        return row_masks.put_firsts(seen)[None], None
    if dropout and row_masks.begun:
        kept = row_masks.of_looks(query.shape[1], dropout)
        found: Tensor = _DroppingAttention.apply(query, key, value, kept, row_runs, scale)  # type: ignore[no-untyped-call]
        return found, None
    sizes = [rows * length for rows, length in row_runs]
    parts = (torch.split(states[0], sizes, dim=1) for states in (query, key, value))
    attended = []
    for run, *states in zip(row_runs, *parts, strict=True):
        q, k, v = (part.unflatten(1, run).transpose(0, 1) for part in states)
        found = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scale)
        attended.append(found.transpose(1, 2).flatten(0, 1))
    return torch.cat(attended)[None], None


def _seen_by_firsts(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    row_masks: RowMasks,
    *,
    dropout: float,
    scale: float,
) -> Tensor:
    """Return what the first token of each row sees of it: (rows, heads, size).

    States are (tokens, heads, size). One look at each token is so little that rows of all lengths
    are taken at once, without products of matrices.
    """
    assert row_masks.firsts is not None
    lengths = torch.tensor(row_masks.lengths)
    row = torch.arange(len(lengths)).repeat_interleave(lengths)
    with torch.autocast("cpu", enabled=False):
        asking = query[row_masks.firsts].float() * scale
        scores = (asking[row] * key).sum(-1)
        highest = torch.segment_reduce(scores.detach(), "max", lengths=lengths)
        looks = (scores - highest[row]).exp()
        looks = looks / _by_row_summed(looks, row, len(lengths))[row]
        if dropout and row_masks.begun:
            looks = looks * row_masks.of_first_looks(query.shape[1], dropout)
        elif dropout:
            looks = functional.dropout(looks, dropout)
        return _by_row_summed(looks[..., None] * value, row, len(lengths)).to(query.dtype)


def _by_row_summed(values: Tensor, row: Tensor, rows: int) -> Tensor:
    return values.new_zeros(rows, *values.shape[1:]).index_add(0, row, values)


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
        runs: list[Run],
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


def _by_length(runs: list[Run], kept: Tensor, heads: int) -> Iterator[tuple[slice, Run, Tensor]]:
    """Yield which tokens a run has, the run, and what is kept of what its rows look at."""
    token = look = 0
    for rows, length in runs:
        tokens, looks = rows * length, rows * heads * length * length
        keep = kept[look : look + looks].view(rows * heads, length, length)
        yield slice(token, token + tokens), (rows, length), keep
        token, look = token + tokens, look + looks


def _by_row(states: Tensor, run: Run) -> Tensor:
    """From (heads, tokens, size) to (rows · heads, length, size)."""
    heads, _, size = states.shape
    return states.view(heads, *run, size).transpose(0, 1).flatten(0, 1)


def _put(to: Tensor, states: Tensor, run: Run) -> None:
    """From (rows · heads, length, size) to (tokens, heads, size)."""
    (rows, length), (_, heads, size) = run, to.shape
    to.view(*run, heads, size).copy_(states.view(rows, heads, length, size).transpose(1, 2))
