"""What matters in a study: the share of each choice in the differences of p, and which way."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.store.trial_rows import ImportanceRow, Scored
from bertcl_tui.style.wording import count
from engine.spec.search import FEWEST, Evaluator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EVALUATOR_NAMES: Final[dict[Evaluator, str]] = {"ped-anova": "PED-ANOVA", "fanova": "fANOVA"}
_NOTE: Final = "+ higher is better, − lower"
_LOST: Final = "The learning rates that were weighed\nare lost: the store is damaged."
_NO_WAY: Final = 0.1
"""Rank correlation below which neither way is said to be better."""


class Importance(Struct, frozen=True, kw_only=True):
    """The weighed shares, each with the sign of its rate's rank correlation with p."""

    labels: tuple[str, ...]
    trials: tuple[Scored, ...]
    weighed: ImportanceRow | None
    """None: not weighed yet."""
    past: bool = False
    """Whether the trials are those of a moment; what mattered then is not weighed."""

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.shares import Share, draw_shares

        weighed = self.weighed
        if weighed is None or len(self.trials) < FEWEST or self._is_tied():
            return draw_shares([], size, palette, empty=self._why_empty())
        choices = weighed_choices(self.labels, weighed, self.trials)
        if choices is None:
            return draw_shares([], size, palette, empty=_LOST)
        shares = [
            Share(f"{sign_of(correlation)} {label}", share) for label, share, correlation in choices
        ]
        return draw_shares(shares, size, palette, note=_NOTE)

    def _why_empty(self) -> str:
        """Say why there are no shares."""
        if len(self.trials) < FEWEST:
            return f"Needs {FEWEST} complete trials,\nhas {len(self.trials)}."
        if self._is_tied():
            return "Every trial has one rate for all:\nno choice can matter more."
        if self.past:
            return "It is weighed for now alone:\nesc leaves the replay."
        return f"Weighing {count(len(self.trials), 'trial')}…"

    def _is_tied(self) -> bool:
        return all(len(set(trial.learning_rates)) == 1 for trial in self.trials)


def weighed_choices(
    labels: Sequence[str], weighed: ImportanceRow, trials: tuple[Scored, ...]
) -> list[tuple[str, float, float]] | None:
    """Return each choice with its share and its rate's rank correlation with p.

    None: these are not the choices that were weighed, as their rates are lost.
    """
    correlations = rank_correlations(trials)
    if not len(labels) == len(weighed.shares) == len(correlations):
        return None
    return list(zip(labels, weighed.shares, correlations, strict=True))


def importance_text(row: ImportanceRow) -> str:
    """Say who weighed the shares, and from how many trials."""
    trials = count(row.trials, "trial")
    of = trials if row.weighed == row.trials else f"{row.weighed:,} of {trials}"
    return f"{EVALUATOR_NAMES[row.evaluator]}, {of}"


def sign_of(correlation: float) -> str:
    """Return + where a higher rate goes with a better p, − where a lower, else ±."""
    if abs(correlation) < _NO_WAY:
        return "±"
    return "+" if correlation > 0 else "−"


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
