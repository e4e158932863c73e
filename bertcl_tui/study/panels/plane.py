"""What was kept against what was learnt: all complete trials, to be walked from one to the next."""

from typing import ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.store.trial_rows import Scored
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import Panel
from bertcl_tui.style.wording import score
from bertcl_tui.widgets.chart import Chart, Drawing

Way = Literal["left", "right", "up", "down"]
_MOST: Final = 2000
"""Trials in the plane, the best ones."""
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
    slots: dict[int, int] = {}
    """Colour and glyph of those that have them, by number."""
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
            slots=self.slots,
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


def plane_of(look: Look) -> Plane:
    """Return all complete trials, the cursor's and the marked ones labelled."""
    labelled = (*((look.cursor,) if look.cursor else ()), *look.marked)
    hidden = len(look.numbers) < sum(look.study.counts.values())
    return Plane(
        trials=look.scored[:_MOST],
        selected=tuple(dict.fromkeys(trial.number for trial in labelled)),
        slots=look.slots,
        flat=look.flat,
        fitting=frozenset(look.numbers) if hidden else None,
    )


class PlaneChart(Chart, can_focus=True):
    """Shows trials as points; keys go from the labelled one to its neighbours."""

    PLACE: ClassVar[Place] = "plane"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("plane")]

    class Walked(Message):
        """The person went to another trial."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._plane: Plane | None = None

    def show(self, drawing: Drawing) -> None:
        """Show this from now on."""
        self._plane = drawing if isinstance(drawing, Plane) else None
        super().show(drawing)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Walk while there are trials."""
        there = self._plane is not None and bool(self._plane.trials)
        return there or not action.startswith("walk_")

    def action_walk_left(self) -> None:
        self._walk("left")

    def action_walk_right(self) -> None:
        self._walk("right")

    def action_walk_up(self) -> None:
        self._walk("up")

    def action_walk_down(self) -> None:
        self._walk("down")

    def _walk(self, way: Way) -> None:
        trial = None if self._plane is None else self._plane.beside(way)
        if self._plane is not None and trial is not None:
            marked = [number for number in self._plane.selected if number != trial.number]
            self.show(replace(self._plane, selected=(trial.number, *marked)))
            self.post_message(self.Walked(trial.number))


def _subtitle(look: Look) -> str:
    """Return what the trial under the cursor scores, and what p_o was after its own stage."""
    trial = look.cursor
    if trial is None or trial.p is None:
        return ""
    before = "" if trial.p_o_before is None else f"{score(trial.p_o_before)}→"
    return f"#{trial.number} p {score(trial.p)} = {before}{score(trial.p_o)} + {score(trial.p_s)}"


PANEL: Final = Panel(
    title=lambda _: "Kept against learnt",
    subtitle=_subtitle,
    drawing=plane_of,
    chart=PlaneChart,
)
