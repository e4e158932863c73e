"""``seq-star``: the encoder is frozen once it is warm (Zheng et al. 2024, "Learn or Recall?")."""

from typing import ClassVar

from engine.learning.events import Between, go_on
from engine.learning.methods.base import Method
from engine.learning.methods.freeze_k import set_learning
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.profiles.grouping import Grouping


class SeqStar(Method):
    """All weights learn in the first ``warmup`` epochs of stage 1, later on heads alone do.

    The paper's S1, the encoder is frozen after a warm-up, and S2, old heads are while new tasks are
    learnt (``idle_heads``, as usual here). Its S3 and S4 are for tasks that share one head: cosine
    classifiers, and room for classes to come. Heads alone want a rate of their own, ``head``.
    """

    name: ClassVar[str] = "seq-star"

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        rates = super().learning_rates(grouping)
        return rates if self.rates else (*rates[:-1], self.number("head"))

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        set_learning(list(model.backbone.parameters()), learn=True)

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        warm = self.number("warmup") * setup.plans[0].steps_per_epoch
        set_learning(list(model.backbone.parameters()), learn=stage == 0 and step <= warm)
