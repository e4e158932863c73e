"""``wise-ft``: weights before and after a stage are averaged (Wortsman et al. 2022)."""

from typing import ClassVar

from engine.learning.methods.stage_start import FromStageStart
from engine.learning.model import SequenceModel
from engine.learning.plan import Setup


class WiseFt(FromStageStart):
    """After each later stage: θ = (1 − ``alpha``) · θ before + ``alpha`` · θ after.

    "Robust fine-tuning of zero-shot models" (CVPR 2022), section 3, with the weights before the
    stage in the place of the zero-shot model's; .5 is what it recommends. Only the backbone is
    averaged: no head but the stage's own has moved, and that one began as noise. What is measured
    within the stage is not averaged, its end is, and the next stage begins there.
    """

    name: ClassVar[str] = "wise-ft"
    begins_like_others: ClassVar[bool] = True

    def end_step(self, setup: Setup, model: SequenceModel, stage: int, step: int) -> None:
        if stage and step == setup.plans[stage].steps:
            self.draw_back(model, 1.0 - self.number("alpha"))
