"""A synthetic landscape of ten learning rates, shaped like what sequential fine-tuning shows."""

import math
from dataclasses import dataclass

import numpy as np

CHOICES = 10
COLLAPSED = 1.0
"""Sum of two coin flips: what a model that predicts one class scores on two balanced tasks."""
OPTIMUM = 1.55
NOISE = 0.012
"""Standard deviation of p between seeds, as measured on a small backbone."""


@dataclass(frozen=True)
class Landscape:
    """Accuracy p = p_o + p_s of every profile, with an optimum of its own per seed."""

    best: np.ndarray
    weight: np.ndarray
    cliff: float

    def score(self, rates: tuple[float, ...]) -> float:
        """Return p without noise.

        Above its best rate a choice forgets, below it too little is learnt; the two trade off
        over all choices together, and too much drift in the encoder collapses the model.
        """
        excess = np.log10(rates) - self.best
        if float(np.mean(np.maximum(excess[:-1], -0.5))) > self.cliff:
            return COLLAPSED
        forgotten = 0.3 * (1 - math.exp(-2 * float(self.weight @ np.maximum(excess, 0.0) ** 2)))
        missed = 0.3 * (1 - math.exp(-float(self.weight @ np.maximum(-excess, 0.0) ** 2)))
        balance = float(self.weight @ excess)
        return OPTIMUM - forgotten - missed - 0.05 * math.tanh(balance**2)


def make_landscape(seed: int) -> Landscape:
    """Draw a landscape: body optima near 1e-5, heads higher, few choices that matter most."""
    draw = np.random.default_rng(seed)
    best = np.append(draw.normal(-5.2, 0.45, CHOICES - 1), draw.normal(-4.2, 0.4))
    return Landscape(
        best=np.clip(best, -6.8, -4.0),
        weight=draw.dirichlet(np.full(CHOICES, 1.5)),
        cliff=0.6,
    )
