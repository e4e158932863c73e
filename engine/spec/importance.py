"""How is told what matters in a study."""

from typing import Final, Literal, get_args

Evaluator = Literal["ped-anova", "fanova"]
"""PED-ANOVA (Watanabe et al. 2023) or fANOVA (Hutter et al. 2014)."""
EVALUATORS: Final[tuple[Evaluator, ...]] = get_args(Evaluator)

FEWEST: Final = 10
"""Complete trials below which importances say nothing."""
