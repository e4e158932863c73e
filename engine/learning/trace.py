"""What steps do: the loss they learn from, and how far an update moves each layer.

An update over the weight that it changes, as norms, says whether a learning rate is what a layer
needs: near 1e-3 it learns, well below it hardly moves, well above it is torn away. So that telling
costs next to nothing, few steps are looked at, and of every weight a few elements.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from typing import Final

import torch
from torch import Tensor

from engine.learning.events import Trace, Wanted
from engine.learning.model import SequenceModel
from engine.learning.plan import StagePlan
from engine.profiles.parameters import find_places

_SAMPLES: Final = 2048
"""Elements of a weight that are looked at, evenly spread, where it has more."""


class StepTrace:
    """Looks at the updates of a learner's steps.

    A step's norms stay on the device, as its loss does, until somebody asks ``read``.
    """

    def __init__(self, model: SequenceModel, plans: tuple[StagePlan, ...]) -> None:
        self._model, self._plans = model, plans
        self._looked: _Looked | None = None
        self._losses: Tensor | None = None
        self._steps = 0
        self._unread: list[tuple[int, Tensor]] = []

    def begin_stage(self) -> None:
        """Look anew for what there is to learn."""
        self._looked, self._losses, self._steps = None, None, 0

    @contextmanager
    def update(self, wanted: Wanted, loss: Tensor) -> Iterator[None]:
        """Take that weights are updated here, in a step of this loss."""
        plan = self._plans[wanted.stage]
        looked = before = None
        if wanted.step in plan.traced_at:
            looked = self._looked = self._looked or _Looked(self._model)
            before = looked.elements()
        yield
        losses = loss if self._losses is None else self._losses + loss
        self._losses, self._steps = losses, self._steps + 1
        if looked is not None and before is not None:
            found = torch.cat(((losses / self._steps)[None], looked.ratios(before)))
            self._unread.append((plan.first_step + wanted.step, found))
            self._losses, self._steps = None, 0

    def read(self) -> tuple[Trace, ...]:
        """Return what was seen since the last time; on a GPU this waits for it."""
        unread, self._unread = self._unread, []
        if not unread:
            return ()
        found: list[list[float]] = torch.stack([each for _, each in unread]).tolist()
        return tuple(
            Trace(step, _known(loss), tuple(map(_known, ratios)))
            for (step, _), (loss, *ratios) in zip(unread, found, strict=True)
        )


class _Looked:
    """Some elements of each weight that learns, as one vector."""

    def __init__(self, model: SequenceModel) -> None:
        named = dict(model.named_parameters())
        places = find_places(named, ("heads",))
        learnt = {name: weight for name, weight in named.items() if weight.requires_grad}
        self._count = places.n_layers + 2
        self._weights = list(learnt.values())
        counts = torch.tensor([each.numel() for each in self._weights])
        sizes = torch.tensor([_spread(each).numel() for each in self._weights])
        device = self._weights[0].device
        depths = torch.tensor([places.depths[name] for name in learnt])
        self._places = depths.repeat_interleave(sizes).to(device)
        self._shares = (counts / sizes).repeat_interleave(sizes).to(device)
        """How many elements each that is looked at stands for."""

    def elements(self) -> Tensor:
        """Return them as they are now."""
        return torch.cat([_spread(weight).float() for weight in self._weights])

    def ratios(self, before: Tensor) -> Tensor:
        """Return log10 of change over beginning, from the embeddings up to the heads.

        A layer that does not learn has no number.
        """
        changes, weights = (
            torch.zeros(self._count, device=before.device).index_add_(
                0, self._places, values.square() * self._shares
            )
            for values in (self.elements() - before, before)
        )
        return (changes / weights).log10() / 2


def _spread(weight: Tensor) -> Tensor:
    """Return a view of some elements of a weight, from all over it."""
    return weight.detach().flatten()[:: -(-weight.numel() // _SAMPLES)]


def _known(value: float) -> float | None:
    return value if isfinite(value) else None
