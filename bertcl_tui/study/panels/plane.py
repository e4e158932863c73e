"""What was kept against what was learnt."""

from typing import Final, Literal

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.store.rows import Scored

Way = Literal["left", "right", "up", "down"]
_SIDEWAYS: Final = 2.0  # a point this way is nearer than one as far off to the side
_WAYS: Final[dict[Way, tuple[int, int]]] = {
    "left": (-1, 0),
    "right": (1, 0),
    "up": (0, 1),
    "down": (0, -1),
}


class Plane(Struct, frozen=True, kw_only=True):
    """The complete trials in the plane of p_s and p_o."""

    trials: tuple[Scored, ...]
    selected: tuple[int, ...]
    """Numbers to be labelled, the most important first."""
    flat: Scored | None
    fitting: frozenset[int] | None = None
    """Numbers of those that fit the filter; None: there is none."""

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.scatter import TrialPoint, draw_plane

        points = [
            TrialPoint(
                number=trial.number,
                state="complete" if self._fits(trial) else "filtered out",
                p_o=trial.p_o,
                p_s=trial.p_s,
            )
            for trial in self.trials
        ]
        return draw_plane(
            points,
            size,
            palette,
            selected=self.selected,
            flat=None if self.flat is None else (self.flat.p_s, self.flat.p_o),
            empty="No trial is complete yet.",
        )

    def _fits(self, trial: Scored) -> bool:
        return self.fitting is None or trial.number in self.fitting

    def beside(self, way: Way) -> Scored | None:
        """Return the trial next to the first labelled one; from nowhere, the best trial.

        As on the chart, both accuracies count by how far the trials are spread in them.
        """
        here = next((trial for trial in self.trials if trial.number in self.selected[:1]), None)
        if here is None:
            return next(iter(self.trials), None)
        across, up = _spread([t.p_s for t in self.trials]), _spread([t.p_o for t in self.trials])
        ways = _WAYS[way]

        def off(trial: Scored) -> tuple[float, float]:
            """Return how far a trial is that way, and how far to the side."""
            x, y = (trial.p_s - here.p_s) / across, (trial.p_o - here.p_o) / up
            return x * ways[0] + y * ways[1], abs(x * ways[1]) + abs(y * ways[0])

        there = [trial for trial in self.trials if off(trial)[0] > 0]
        return min(there, key=lambda trial: off(trial)[0] + _SIDEWAYS * off(trial)[1], default=None)


def _spread(values: list[float]) -> float:
    return max(values) - min(values) or 1.0
