"""``single``: each task alone, without a shift (Table 1)."""

from collections.abc import Collection, Sequence
from copy import deepcopy
from typing import ClassVar

from torch import Tensor

from engine.learning.events import Between, go_on
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Pool, Setup


class Single(Method):
    """Every stage begins at the pretrained weights, so that nothing is carried over or forgotten.

    A task counts with what its own model reached.
    """

    name: ClassVar[str] = "single"
    shares_first_stage: ClassVar[bool] = True

    def start(self, setup: Setup, model: SequenceModel) -> None:
        self._pretrained: dict[str, Tensor] = deepcopy(model.backbone.state_dict())

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        model.backbone.load_state_dict(self._pretrained)

    def measured(self, pools: Sequence[Pool], stage: int) -> Collection[int]:
        return (stage,)
