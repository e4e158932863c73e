"""What was kept against what was learnt."""

from msgspec import Struct
from rich.text import Text

from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.rows import Scored


class Plane(Struct, frozen=True, kw_only=True):
    """The complete trials in the plane of p_s and p_o."""

    trials: tuple[Scored, ...]
    selected: tuple[int, ...]
    """Numbers to be labelled, the most important first."""
    flat: Scored | None

    def draw(self, size: Size, palette: Palette) -> Text:
        from bertcl_tui.charts.scatter import TrialPoint, draw_plane

        points = [
            TrialPoint(number=trial.number, state="complete", p_o=trial.p_o, p_s=trial.p_s)
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
