"""What matters: the share of each choice in the differences of p, and which way."""

from typing import Final

from bertcl_tui.study.importance import Importance, importance_text
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import Panel


def importance_of(look: Look) -> Importance:
    """Return how much each choice matters.

    Nothing is weighed before there are enough complete trials; the drawing says so then.
    """
    return Importance(
        labels=look.labels,
        trials=look.scored,
        weighed=look.importance,
        past=look.past is not None,
    )


def _subtitle(look: Look) -> str:
    """Return who weighed it, and from how many trials."""
    return "" if look.importance is None else importance_text(look.importance)


PANEL: Final = Panel(
    title=lambda _: "What matters",
    subtitle=_subtitle,
    drawing=importance_of,
)
