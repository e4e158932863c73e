"""``sfa``: sequential fine-tuning with averaging (Kleiman et al. 2025)."""

from typing import ClassVar, Final

from engine.learning.methods.wise_ft import FromStageStart
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup

_ROUNDING: Final = 1e-9


class Sfa(FromStageStart):
    """In each later stage of T steps, every p · T of them and at its end, weights are averaged.

    θ ← (1 − ``beta``) · θ + ``beta`` · θ at the stage's start ("Soup to go", arXiv 2501.05559); p
    is ``every``, and 1 averages at the end alone. Only the backbone is averaged: no head but the
    stage's own has moved, and that one began as noise. Adam's moments stay.
    """

    name: ClassVar[str] = "sfa"
    shares_first_stage: ClassVar[bool] = True

    def end_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        steps = setup.plans[stage].steps
        if stage and (step == steps or self._parts(step, steps) > self._parts(step - 1, steps)):
            self.draw_back(model, self.number("beta"))

    def _parts(self, step: int, steps: int) -> int:
        """Return how many parts of the stage are whole after a step."""
        return int(step / (self.number("every") * steps) + _ROUNDING)
