"""How much of a combination hangs on one study."""

import math
from collections.abc import Sequence

from msgspec import Struct

from engine.profiles.combination import Combined, geometric_mean


class WithoutStudy(Struct, frozen=True, kw_only=True):
    """A combination as it would be without one of its studies."""

    study: str
    learning_rates: tuple[float, ...]
    """One per choice, of the other studies alone."""
    factors: tuple[float, ...]
    """Per choice, by how much the rate would change; 1: not at all."""

    @property
    def farthest(self) -> int:
        """Return the choice that would change most, up or down."""
        return max(range(len(self.factors)), key=lambda choice: abs(math.log(self.factors[choice])))


def without_each_study(combined: Combined) -> tuple[WithoutStudy, ...]:
    """Leave out each study in turn; empty where there is only one."""
    if len(combined.studies) == 1:
        return ()
    found = []
    for left_out in combined.studies:
        others = [study.learning_rates for study in combined.studies if study is not left_out]
        rates = geometric_mean(others, [1 / len(others)] * len(others))
        found.append(
            WithoutStudy(
                study=left_out.study,
                learning_rates=rates,
                factors=_ratios(rates, combined.learning_rates),
            )
        )
    return tuple(found)


def _ratios(rates: Sequence[float], of: Sequence[float]) -> tuple[float, ...]:
    return tuple(rate / other for rate, other in zip(rates, of, strict=True))
