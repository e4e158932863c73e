"""How is told what matters in a study."""

from typing import Final, Literal, get_args

Evaluator = Literal["ped-anova", "fanova"]
"""PED-ANOVA (Watanabe et al. 2023) or fANOVA (Hutter et al. 2014)."""
EVALUATORS: Final[tuple[Evaluator, ...]] = get_args(Evaluator)

FEWEST: Final = 10
"""Complete trials below which importances say nothing."""
_GROWTH: Final = 1.1


def is_worth_telling(complete: int, told: int | None) -> bool:
    """Return whether to tell what matters: for the first time, or from a tenth more trials.

    Args:
        complete: trials that are complete by now.
        told: how many were when it was told; None: never.
    """
    return complete >= (FEWEST if told is None else _GROWTH * told)
