"""Every rate beside what it comes to: a line for each complete trial, to be brushed by keys."""

from collections.abc import Mapping
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.parallel import NO_BRUSH, Brush, Looked, ParallelAxis, draw_parallel
from bertcl_tui.charts.rate_axis import rate_bounds
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.store.filters import bounds_in, filter_text
from bertcl_tui.store.trial_rows import Scored
from bertcl_tui.study.look import Look
from bertcl_tui.study.panels import Panel
from bertcl_tui.widgets.chart import Chart, Drawing

_SCORES: Final = ("p_o", "p_s", "p")


class Parallel(Struct, frozen=True, kw_only=True):
    """The complete trials, what the filter says of their numbers, and where a person is."""

    trials: tuple[Scored, ...]
    labels: tuple[str, ...]
    """Of the choices."""
    fitting: frozenset[int] | None
    """Numbers of those that fit the filter; None: there is none."""
    brushes: Mapping[str, Brush]
    """By field, as the filter has them."""
    cursor: int | None
    slot: int | None
    """Number of the trial under the table's cursor, and its colour."""
    axis: int = 0
    place: float | None = None
    """None: nobody is at the chart."""

    def axes(self) -> tuple[ParallelAxis, ...]:
        """Return an axis for each choice, all of one range, and one for each score."""
        rates = rate_bounds([rate for trial in self.trials for rate in trial.learning_rates])
        return (
            *(
                ParallelAxis(name=label, field=f"lr{choice}", bounds=rates, log=True)
                for choice, label in enumerate(self.labels)
            ),
            *(
                ParallelAxis.of_scores(name, [getattr(trial, name) for trial in self.trials])
                for name in _SCORES
            ),
        )

    def draw(self, size: Size, palette: Palette) -> Text:
        import numpy as np

        axes, choices = self.axes(), len(self.labels)
        rows = [
            (*trial.learning_rates, trial.p_o, trial.p_s, trial.p)
            for trial in self.trials
            if len(trial.learning_rates) == choices
        ]
        numbers = [t.number for t in self.trials if len(t.learning_rates) == choices]
        brushed = None
        if self.fitting is not None:
            brushed = np.array([number in self.fitting for number in numbers], dtype=np.bool_)
        chosen = None
        if self.cursor in numbers and self.slot is not None:
            chosen = (numbers.index(self.cursor), self.cursor, self.slot)
        places = {axis.field: place for place, axis in enumerate(axes)}
        return draw_parallel(
            axes,
            np.array(rows, dtype=np.float64).reshape(-1, len(axes)),
            size,
            palette,
            brushed=brushed,
            chosen=chosen,
            looked=Looked(
                axis=min(self.axis, len(axes) - 1),
                place=self.place,
                brushes={places[field]: edges for field, edges in self.brushes.items()},
            ),
            empty="No trial is complete yet.",
        )


def parallel_of(look: Look) -> Parallel:
    """Return all complete trials; what the filter says of rates and scores is what is brushed."""
    fields = (*(f"lr{choice}" for choice in range(len(look.labels))), *_SCORES)
    brushes = {field: bounds_in(look.where, field) for field in fields}
    cursor = None if look.cursor is None else look.cursor.number
    return Parallel(
        trials=look.scored,
        labels=look.labels,
        fitting=frozenset(look.numbers) if look.where else None,
        brushes={field: brush for field, brush in brushes.items() if brush != NO_BRUSH},
        cursor=cursor,
        slot=None if cursor is None else look.slots.get(cursor),
    )


class ParallelChart(Chart, can_focus=True):
    """Shows trials across their axes; keys choose an axis, a place on it, and set edges there."""

    PLACE: ClassVar[Place] = "parallel"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("parallel")]

    class Brushed(Message):
        """The person wants trials with numbers from here to there."""

        def __init__(self, bounds: Mapping[str, tuple[str, str]]) -> None:
            super().__init__()
            self.bounds = bounds
            """Lower and upper edge by field, as filters have them; empty: there is none."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._parallel: Parallel | None = None
        self._axis = 0
        self._places: dict[str, float] = {}
        """Where the mark stood on each axis that was chosen."""

    def show(self, drawing: Drawing) -> None:
        """Show this from now on."""
        if not isinstance(drawing, Parallel):
            super().show(drawing)
            return
        self._parallel = drawing
        here = self._here(drawing) if self.has_focus and drawing.trials else None
        place = None if here is None else here[1]
        super().show(replace(drawing, axis=self._axis, place=place))

    def _here(self, parallel: Parallel) -> tuple[ParallelAxis, float]:
        """Return the chosen axis, and where the mark is on it: at first at an edge, or half way."""
        axes = parallel.axes()
        self._axis = min(self._axis, len(axes) - 1)
        axis = axes[self._axis]
        low, high = parallel.brushes.get(axis.field, NO_BRUSH)
        middle = axis.places[len(axis.places) // 2]
        usual = low if low is not None else middle if high is None else high
        return axis, self._places.get(axis.field, usual)

    def _look_again(self) -> None:
        if self._parallel is not None:
            self.show(self._parallel)
        self.refresh_bindings()

    def on_focus(self) -> None:
        self._look_again()

    def on_blur(self) -> None:
        self._look_again()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Without trials nothing is brushed, and without a brush none is taken away."""
        parallel = self._parallel
        if action in {"take_brush", "take_brushes"}:
            return parallel is not None and bool(parallel.brushes)
        return parallel is not None and bool(parallel.trials)

    # keys

    def action_axis_left(self) -> None:
        self._choose(-1)

    def action_axis_right(self) -> None:
        self._choose(1)

    def action_mark_up(self) -> None:
        self._move(1)

    def action_mark_down(self) -> None:
        self._move(-1)

    def action_set_lower(self) -> None:
        self._set(lower=True)

    def action_set_upper(self) -> None:
        self._set(lower=False)

    def action_take_brush(self) -> None:
        """Let every value of the chosen axis be."""
        if self._parallel is not None and self._parallel.trials:
            self.post_message(self.Brushed({self._here(self._parallel)[0].field: ("", "")}))

    def action_take_brushes(self) -> None:
        if self._parallel is not None:
            self.post_message(self.Brushed(dict.fromkeys(self._parallel.brushes, ("", ""))))

    def _choose(self, by: int) -> None:
        if self._parallel is not None:
            last = len(self._parallel.axes()) - 1
            self._axis = min(max(self._axis + by, 0), last)
            self._look_again()

    def _move(self, by: int) -> None:
        """Go to the next round value up or down."""
        if self._parallel is None or not self._parallel.trials:
            return
        axis, place = self._here(self._parallel)
        ahead = [each for each in axis.places if (each - place) * by > 0]
        if ahead:
            self._places[axis.field] = min(ahead, key=lambda each: abs(each - place))
            self._look_again()

    def _set(self, *, lower: bool) -> None:
        """Set an edge where the mark is, or take it away where it is there already."""
        if self._parallel is None or not self._parallel.trials:
            return
        axis, place = self._here(self._parallel)
        low, high = self._parallel.brushes.get(axis.field, NO_BRUSH)
        if lower:
            low = None if low == place else place
            high = None if high is not None and low is not None and high < low else high
        else:
            high = None if high == place else place
            low = None if low is not None and high is not None and high < low else low
        low_text, high_text = ("" if end is None else axis.written(end) for end in (low, high))
        self.post_message(self.Brushed({axis.field: (low_text, high_text)}))


def _title(look: Look) -> str:
    complete = len(look.scored)
    return f"Rates and scores ─ {complete:,} complete trial{'s' * (complete != 1)}"


def _subtitle(look: Look) -> str:
    """Return the filter, which is the brush."""
    return f"/{filter_text(look.where)}" if look.where else ""


PANEL: Final = Panel(title=_title, subtitle=_subtitle, drawing=parallel_of, chart=ParallelChart)
