"""Which choices go with p: a cheap first look, not an analysis of variance."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.rows import Scored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST: Final = 10
"""Complete trials below which a rank correlation says nothing."""


class Importance(Struct, frozen=True, kw_only=True):
    """The strength of the rank correlation of each choice's learning rate with p."""

    labels: tuple[str, ...]
    trials: tuple[Scored, ...]

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.importance import Share, draw_importance

        enough = len(self.trials) >= FEWEST
        strengths = rank_correlations(self.trials) if enough else ()
        shares = [
            Share(f"{'+' if strength >= 0 else '−'} {label}", abs(strength))
            for label, strength in zip(self.labels, strengths, strict=False)
        ]
        return draw_importance(
            shares,
            size,
            palette,
            empty=f"Needs {FEWEST} complete trials,\nhas {len(self.trials)}.",
        )


def rank_correlations(trials: tuple[Scored, ...]) -> tuple[float, ...]:
    """Return Spearman's rho of each choice's rate with p; 0 where either never differs."""
    import numpy as np

    rates = np.array([trial.learning_rates for trial in trials])
    ranks = np.apply_along_axis(_ranks, 0, np.column_stack([rates, [t.p for t in trials]]))
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.atleast_2d(np.corrcoef(ranks, rowvar=False))
    return tuple(np.nan_to_num(rho[-1, :-1]).tolist())


def _ranks(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return ranks from 1; equal values share the mean of theirs."""
    import numpy as np

    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]
