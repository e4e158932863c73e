"""How better profiles are looked for: settings, budget, and when to weigh what matters."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

Rate = Annotated[float, Meta(gt=0.0, le=1.0)]
Bounds = tuple[Rate, Rate]

Sampler = Literal["tpe", "gp", "smooth", "cma", "random"]
Pruner = Literal["percentile", "hyperband", "asha", "none"]
PruningSees = Literal["later-stages", "first-stage"]
Stages = Literal["all", "later"]
"""Those that learning rates are for: all of a sequence, or all but the first."""
TrialSeeds = Literal["own", "shared"]
Racing = Literal["off", "on"]
WhenFlat = Literal["go-on", "stop"]


class SearchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sampler, pruner and space of a study."""

    trials: Annotated[int, Meta(ge=1)] = 60
    """Total of the study, whatever happened to each: complete, pruned, collapsed or failed."""
    budget_epochs: Annotated[float, Meta(gt=0.0)] | None = None
    """Training epochs that all trials may take together; None: no bound besides ``trials``."""
    sampler: Sampler = "tpe"
    pruner: Pruner = "percentile"
    pruning_sees: PruningSees = "later-stages"
    """What trials are pruned on: p, whenever it is measured after the first stage; or half of the
    accuracy on the first task after each of its epochs, and p once at the very end. The latter is
    what the authors' code does, and never sees forgetting."""
    in_order: Annotated[int, Meta(ge=1)] | None = None
    """How many trials may be under way at once in a search that gives the same trials each time it
    is run: a trial is proposed, and pruned, by what all but the latest so many before it came to.
    None: by whatever is known at that moment, which with several workers depends on their pace."""
    searched_stages: Stages = "all"
    """later: stage 1 is learnt once, at ``first_lr``, and every trial goes on from its end."""
    first_lr: Rate = 5e-5
    """Of all layers in stage 1, where the later stages alone are searched."""
    body_bounds: Bounds | None = None
    """Embeddings and encoder layers, and whatever is tied to them. None: 1e-7..1e-4 from hidden
    size 512, else 1e-7..1e-3."""
    head_bounds: Bounds = (1e-7, 1e-3)
    warm_starts: bool = True
    """Ask for known good profiles before the sampler is asked."""
    trial_seeds: TrialSeeds = "own"
    """Whether all trials learn with the same seed, so that luck does not tell them apart (common
    random numbers), or each with one of its own, as studies did that do not say."""
    racing: Racing = "off"
    """Whether the best trials are run with more seeds while the search goes on; in a search in
    order, when it has its trials: nobody's pace then says which they are."""
    when_flat: WhenFlat = "go-on"
    """What becomes of a search that finds next to nothing better any more: whether it goes on to
    its last trial or ends."""


BEST_OF: Final = "best of "
"""How the label of a warm start begins that an earlier study found; its name follows."""
CLIPPED: Final = ", clipped"
"""How the label of a warm start ends that was moved to the bounds of the space."""


def study_of_start(label: str) -> str:
    """Return the earlier study that found the warm start of a label which begins as ``BEST_OF``."""
    return label.removeprefix(BEST_OF).removesuffix(CLIPPED)


Evaluator = Literal["ped-anova", "fanova"]
"""PED-ANOVA (Watanabe et al. 2023) or fANOVA (Hutter et al. 2014)."""

FEWEST: Final = 10
"""Complete trials below which importances say nothing."""
_GROWTH: Final = 1.1


def is_worth_weighing(complete: int, before: int | None) -> bool:
    """Return whether to weigh what matters: for the first time, or from a tenth more trials.

    Args:
        complete: trials that are complete by now.
        before: how many were when it was weighed; None: never.
    """
    return complete >= (FEWEST if before is None else _GROWTH * before)


class Spending(Struct, frozen=True, kw_only=True):
    """What the trials of a study may take and have taken, in epochs over all of them."""

    spent: float
    budget: float

    @property
    def over(self) -> bool:
        """Whether no further trial may begin."""
        return self.spent >= self.budget
