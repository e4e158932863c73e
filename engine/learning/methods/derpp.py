"""``derpp``: dark experience replay, DER++ (Buzzega et al. 2020)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.learning.methods.base import Method, Tensors
from engine.learning.methods.memory import Place, Reservoir, parts
from engine.learning.model import SequenceModel
from engine.learning.plan import Part, Setup
from engine.spec.methods import OptionValue

_LOGITS, _LABELS = "logits", "labels"


class Derpp(Method):
    """L(B) + ``alpha`` · ‖z − h(x)‖² + ``beta`` · L(C): batch B, x and C drawn from a buffer.

    "Dark experience for general continual learning" (NeurIPS 2020). The buffer has ``rows`` rows: a
    reservoir sample of all that were learnt from in any stage, the first one too, with the logits z
    of the step that met them, of their own task's head. As in its code the square is a mean over
    logits, and x and C are as many rows as a batch has. Unlike there a row that is in the buffer is
    not put in a second time.
    """

    name: ClassVar[str] = "derpp"

    def __init__(
        self, options: Mapping[str, OptionValue], rates: tuple[float, ...] | None = None
    ) -> None:
        super().__init__(options, rates)
        self.buffer = Reservoir(int(self.number("rows")))
        self._seen: dict[Place, Tensor] = {}

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        self._seen = {}
        if self.number("alpha") or self.number("beta"):
            for task in self.buffer.tasks:
                model.heads[task].requires_grad_(requires_grad=True)

    def learnt_from(
        self, setup: Setup, stage: int, step: int, batch: Sequence[Part]
    ) -> Sequence[Part]:
        draw = np.random.default_rng((setup.seed_of(stage), stage, step))
        size = setup.protocol.batch_size
        replayed: list[Part] = []
        for purpose, option in ((_LOGITS, "alpha"), (_LABELS, "beta")):
            sample = self.buffer.sample(size, draw)
            if self.number(option):
                replayed.extend(parts(sample, purpose, self.number(option)))
        return [*batch, *replayed]

    def loss_of(
        self, model: SequenceModel, part: Part, seen: tuple[Tensor, Tensor], loss: Tensor
    ) -> Tensor:
        _, logits = seen
        places = [(part.task, int(row)) for row in part.rows]
        if part.purpose == _LOGITS:
            kept = torch.stack([self.buffer[place] for place in places])
            return functional.mse_loss(logits, kept)
        if not part.purpose:
            self._seen.update(zip(places, logits.detach(), strict=True))
        return loss

    def end_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        draw = np.random.default_rng((setup.seed_of(stage), stage, step, 1))
        for place, logits in self._seen.items():
            self.buffer.offer(place, logits, draw)

    def state(self) -> dict[str, Tensor]:
        return self.buffer.state()

    def load(self, state: Tensors) -> None:
        self.buffer.load(state)
