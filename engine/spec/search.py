"""How better profiles are looked for."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Rate = Annotated[float, Meta(gt=0.0, le=1.0)]
Bounds = tuple[Rate, Rate]

Sampler = Literal["tpe", "gp", "cma", "random"]
Pruner = Literal["percentile", "hyperband", "asha", "none"]
PruningSees = Literal["later-stages", "first-stage"]


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
    body_bounds: Bounds | None = None
    """Embeddings and encoder layers, and whatever is tied to them. None: 1e-7..1e-4 from hidden
    size 512, else 1e-7..1e-3."""
    head_bounds: Bounds = (1e-7, 1e-3)
    warm_starts: bool = True
    """Ask for known good profiles before the sampler is asked."""
