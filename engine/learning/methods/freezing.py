"""``freeze-k``, ``freeze-later``, ``seq-star``: parts of the backbone are frozen, or once were."""

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from engine.errors import UsageError
from engine.learning.events import Between, go_on
from engine.learning.methods.base import Method
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup
from engine.profiles.grouping import Grouping
from engine.profiles.parameters import find_places


class LowLayers(Method):
    """A method that freezes the embeddings and the ``layers`` lowest encoder layers at times."""

    def learning_rates(self, grouping: Grouping) -> tuple[float, ...]:
        asked = int(self.number("layers"))
        if asked > grouping.n_layers:
            raise UsageError(
                f"method {self.name} cannot freeze {asked} layers: the backbone has "
                f"{grouping.n_layers}; ask for fewer"
            )
        return super().learning_rates(grouping)

    def low_weights(self, model: SequenceModel) -> Sequence[nn.Parameter]:
        """Return the weights that are frozen at times."""
        named = dict(model.named_parameters())
        places = find_places(named, ("heads",)).depths
        return [named[name] for name, depth in places.items() if depth <= self.number("layers")]


def set_learning(weights: Sequence[nn.Parameter], *, learn: bool) -> None:
    """Let weights learn, or freeze them: Adam passes over what has no gradient."""
    for weight in weights:
        weight.requires_grad_(learn)
        if not learn:
            weight.grad = None


class FreezeK(LowLayers):
    """Embeddings and the ``layers`` lowest encoder layers never move."""

    name: ClassVar[str] = "freeze-k"

    def shape(self, model: SequenceModel, grouping: Grouping, seed: int) -> None:
        set_learning(self.low_weights(model), learn=False)


class FreezeLater(LowLayers):
    """Embeddings and the ``layers`` lowest encoder layers learn in stage 1 alone.

    Freezing low layers while fine-tuning (Lee et al. 2019, "What Would Elsa Do?"), for later tasks
    alone: a rate of 0 where a profile for later stages has small ones.
    """

    name: ClassVar[str] = "freeze-later"
    shares_first_stage: ClassVar[bool] = True

    _low: Sequence[nn.Parameter] = ()

    def start(self, setup: Setup, model: SequenceModel) -> None:
        self._low = self.low_weights(model)

    def begin_stage(
        self, setup: Setup, model: SequenceModel, stage: int, between: Between = go_on
    ) -> None:
        set_learning(self._low, learn=True)

    def begin_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        set_learning(self._low, learn=stage == 0)


class SeqStar(Method):
    """All weights learn in the first ``warmup`` epochs of stage 1, later on heads alone do.

    SEQ* of "Learn or Recall?" (Zheng et al. 2024): its S1, the encoder is frozen after a warm-up,
    and its S2, old heads are while new tasks are learnt (``idle_heads``, as usual here). S3 and S4
    are for tasks that share one head: cosine classifiers, and room for classes to come. Heads alone
    want a rate of their own, ``head``. Three epochs and 1e-3 are those of the authors' code, where
    the warm-up comes before the epochs of stage 1; here it is made of the first of them.
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
