"""What ``wise-ft`` and ``sfa`` share: later stages are drawn back to where they began."""

import torch
from torch import Tensor

from engine.learning.events import Between, go_on
from engine.learning.methods.anchor import backbone_weights, copied_weights
from engine.learning.methods.base import Method, Tensors
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class FromStageStart(Method):
    """Remembers the backbone as it was when the present stage, a later one, began."""

    _before: Tensors | None = None

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        self._before = copied_weights(model)

    def draw_back(self, model: SequenceModel, share: float) -> None:
        """Move the backbone this share of the way back to where the stage began."""
        assert self._before is not None
        with torch.no_grad():
            for name, weight in backbone_weights(model):
                weight.lerp_(self._before[name], share)

    def state(self) -> dict[str, Tensor]:
        return dict(self._before or {})

    def load(self, state: Tensors) -> None:
        self._before = {name: weight.clone() for name, weight in state.items()} or None
