"""What the choices of a study are called."""

from engine.errors import UsageError
from engine.profiles.grouping import Grouping, make_grouping
from engine.tasks.models import backbone_of

_ENDS = 2
"""Embeddings and heads."""


def grouping_of(model: str, preset: str, choices: int) -> Grouping | None:
    """Return which layers share a rate, None where the backbone's depth cannot be told here.

    May block: a hub name is looked up in the hub's local cache.

    Args:
        model: the study's backbone.
        preset: its protocol's grouping.
        choices: how many learning rates its trials have.
    """
    try:
        grouping = make_grouping(preset, backbone_of(model, choices).layers)
    except UsageError:
        return None
    return grouping if grouping.n_choices == choices else None


def choice_labels(model: str, preset: str, choices: int) -> tuple[str, ...]:
    """Name the choices of a study: by their layers where these are known, else by number."""
    grouping = grouping_of(model, preset, choices) if choices > _ENDS else None
    if grouping is not None:
        return grouping.labels()
    between = (f"choice {index}" for index in range(1, max(0, choices - _ENDS) + 1))
    return ("embeddings", *between, "heads")[:choices]
