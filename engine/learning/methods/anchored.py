"""What holds weights at an anchor, in the loss or beside Adam's step, as its ``penalty`` says."""

from torch import Tensor, optim

from engine.learning.methods.anchor import Anchor
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class Anchored(Method):
    """A method with an anchor, as soon as it knows one."""

    _anchor: Anchor | None = None

    @property
    def is_decoupled(self) -> bool:
        """Whether Adam sees nothing of the penalty."""
        return self.options["penalty"] == "decoupled"

    def penalty(self, model: SequenceModel) -> Tensor | None:
        return None if self._anchor is None or self.is_decoupled else self._anchor.penalty(model)

    def before_update(
        self, setup: Setup, model: SequenceModel, optimizer: optim.Adam, stage: int, step: int
    ) -> None:
        if self._anchor is not None and self.is_decoupled:
            self._anchor.pull(model, optimizer)
