"""``lwf``: learning without forgetting (Li & Hoiem 2017)."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from engine.learning.evaluation import answers
from engine.learning.events import Between, go_on
from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Part, Setup


class Lwf(Method):
    """L + ``strength`` · Σ over earlier tasks of −Σ y' · log ŷ', on the new task's rows.

    y' = softmax(z/T) is what an earlier task's head said of a row before the stage, without
    dropout, and ŷ' what it says now (TPAMI 2017; T is ``temperature``, 2 there, and λ ``strength``,
    1 there in most experiments). The earlier heads learn too. The paper's warm-up, where the new
    head learns alone first, and its weight decay are left out.
    """

    name: ClassVar[str] = "lwf"
    shares_first_stage: ClassVar[bool] = True

    _before: dict[int, Tensor] | None = None

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        if self.number("strength"):
            rows = setup.tasks[stage].train
            self._before = answers(model, rows, range(stage), setup.device, between)

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        for task in self._before or ():
            model.heads[task].requires_grad_(requires_grad=True)

    def loss_of(
        self, model: SequenceModel, part: Part, seen: tuple[Tensor, Tensor], loss: Tensor
    ) -> Tensor:
        if self._before is None:
            return loss
        summary, _ = seen
        temperature, rows = self.number("temperature"), torch.from_numpy(part.rows)
        for task, before in self._before.items():
            now = functional.log_softmax(model.scores(summary, task) / temperature, dim=1)
            then = functional.softmax(before[rows.to(before.device)] / temperature, dim=1)
            loss = loss - self.number("strength") * (then * now).sum(dim=1).mean()
        return loss

    def state(self) -> dict[str, Tensor]:
        return {str(task): before for task, before in (self._before or {}).items()}

    def load(self, state: Tensors) -> None:
        self._before = {int(task): before.clone() for task, before in state.items()} or None
