"""``ewc-task``: elastic weight consolidation (Kirkpatrick et al. 2017) of every earlier task."""

from typing import ClassVar, cast

from torch import Tensor

from engine.learning.events import Between, go_on
from engine.learning.fisher import FisherKind, FisherSum, packed, task_fisher, unpacked
from engine.learning.methods.anchor import Anchor, Anchored, copied_weights
from engine.learning.methods.base import Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class EwcTask(Anchored):
    """½ · ``importance`` · Σ F · (weight − weight after the stage)², F of that stage's task.

    Equation 3 of the paper. F is the diagonal of the Fisher information, as ``fisher`` says: the
    mean over rows of Σ_y p(y|x) · (∂ log p(y|x) / ∂ weight)² where it is ``exact``.

    With ``gamma`` above 0 the online variant (Schwarz et al. 2018, section 4, eq. 8 and 9): one
    anchor at the newest weights, where earlier Fishers count ``gamma`` at each later stage. There
    the newest one counts ``gamma`` too, which is a smaller importance, and those of all tasks are
    made equally large, which they are not here.
    """

    name: ClassVar[str] = "ewc-task"
    shares_first_stage: ClassVar[bool] = True
    changed: ClassVar[str] = "rows drawn for it alone"

    _begun: FisherSum | None = None

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        self._begun = self._begun or FisherSum(setup.seed)
        fisher = task_fisher(
            model,
            setup.tasks[stage - 1].train,
            stage - 1,
            setup,
            rows=int(self.number("rows")),
            kind=cast("FisherKind", self.options["fisher"]),
            begun=self._begun,
            between=between,
        )
        self._begun = None
        importance = self.number("importance")
        newest = Anchor(
            copied_weights(model), {name: importance * value for name, value in fisher.items()}
        )
        self._anchor = newest if self._anchor is None else self._with(self._anchor, newest)

    def state(self) -> dict[str, Tensor]:
        begun = packed(self._begun)
        if self._anchor is None:
            return begun
        rooms = {"anchor": self._anchor.anchors, "strength": self._anchor.strengths}
        return begun | {
            f"{room}.{name}": value for room, held in rooms.items() for name, value in held.items()
        }

    def load(self, state: Tensors) -> None:
        self._begun = unpacked(state)
        anchors = _room(state, "anchor.")
        if anchors:
            self._anchor = Anchor(anchors, _room(state, "strength."))

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
