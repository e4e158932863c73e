"""``ewc-task``: elastic weight consolidation (Kirkpatrick et al. 2017) of every earlier task."""

from typing import ClassVar

from torch import Tensor

from engine.learning.fisher import task_fisher
from engine.learning.methods.anchor import Anchor, copied_weights
from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class EwcTask(Method):
    """½ · ``importance`` · Σ F · (weight − weight after the stage)², F of that stage's task.

    With ``gamma`` above 0 the online variant (Schwarz et al. 2018, section 3): one anchor at the
    newest weights, where earlier Fishers count ``gamma`` at each later stage.
    """

    name: ClassVar[str] = "ewc-task"

    _anchor: Anchor | None = None

    def begin_stage(self, setup: Setup, model: SequenceModel, stage: int) -> None:
        fisher = task_fisher(
            model, setup.tasks[stage - 1].train, stage - 1, setup, rows=int(self.number("rows"))
        )
        importance = self.number("importance")
        newest = Anchor(
            copied_weights(model), {name: importance * value for name, value in fisher.items()}
        )
        self._anchor = newest if self._anchor is None else self._with(self._anchor, newest)

    def penalty(self, model: SequenceModel) -> Tensor | None:
        return None if self._anchor is None else self._anchor.penalty(model)

    def state(self) -> dict[str, Tensor]:
        if self._anchor is None:
            return {}
        rooms = {"anchor": self._anchor.anchors, "strength": self._anchor.strengths}
        return {
            f"{room}.{name}": value for room, held in rooms.items() for name, value in held.items()
        }

    def load(self, state: Tensors) -> None:
        if state:
            self._anchor = Anchor(_room(state, "anchor."), _room(state, "strength."))

    def _with(self, earlier: Anchor, newest: Anchor) -> Anchor:
        gamma = self.number("gamma")
        if not gamma:
            return earlier.joined(newest)
        moved = {name: gamma * value for name, value in earlier.strengths.items()}
        return Anchor(newest.anchors, moved).joined(newest)


def _room(state: Tensors, prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value.clone()
        for name, value in state.items()
        if name.startswith(prefix)
    }
