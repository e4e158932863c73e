"""The plane of p_o and p_s, in which one can walk from trial to trial."""

from typing import ClassVar

from msgspec.structs import replace
from textual.binding import BindingType
from textual.message import Message

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.study.panels.plane import Plane, Way
from bertcl_tui.widgets.chart import Chart, Drawing


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
