"""What dropout drops where rows are laid end to end: each row has numbers of its own."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

_CHANCES: Final = 2**16
_OF_ROWS: Final = 2
"""How many dimensions the summaries of rows have."""


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
        self.late_attention: nn.Module | None = None
        """The last layer's."""

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row, as rows are laid end to end."""
        return self._lengths

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

    def put_firsts(self, found: Tensor) -> Tensor:
        """Put what was found of first tokens (rows, …) among zeros for all others (tokens, …)."""
        assert self.firsts is not None
        whole = found.new_zeros(sum(self._lengths), *found.shape[1:])
        return whole.index_put((self.firsts,), found)

    def of_rows(self, size: int, chance: float) -> Tensor:
        """Draw for states (rows, size), in the order of the batch."""
        return self._draw(range(len(self._streams)), [size] * len(self._streams), chance)

    def of_tokens(self, size: int, chance: float) -> Tensor:
        """Draw for states (tokens, size) of rows laid end to end."""
        return self._draw(self._order, [length * size for length in self._lengths], chance)

    def of_looks(self, heads: int, chance: float) -> Tensor:
        """Draw for what every token looks at: (heads, length, length) of row after row."""
        return self._draw(self._order, [heads * length**2 for length in self._lengths], chance)

    def of_first_looks(self, heads: int, chance: float) -> Tensor:
        """Draw for what first tokens look at: (tokens, heads), of all that ``of_looks`` draws."""
        kept = self.of_looks(heads, chance)
        sizes = [heads * length**2 for length in self._lengths]
        return torch.cat(
            [
                looks.view(heads, length, length)[:, 0].T
                for looks, length in zip(torch.split(kept, sizes), self._lengths, strict=True)
            ]
        )

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


def row_masks(module: nn.Module) -> RowMasks | None:
    """Return what a packed backbone's dropout draws from; None: it has torch's own."""
    each = (part.masks for part in module.modules() if isinstance(part, RowDropout))
    return next(each, None)
