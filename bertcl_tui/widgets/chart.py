"""A chart; one over steps can be read step by step, together with the others of its screen.

One of curves can be zoomed and panned, too.
"""

from bisect import bisect_left, bisect_right
from itertools import zip_longest
from typing import ClassVar, Final, Protocol

from msgspec.structs import replace
from rich.text import Text
from textual import events, work
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.worker import get_current_worker

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.forgetting import OfCurves, OverSteps, Viewed, picture
from bertcl_tui.charts.glyphs import Range
from bertcl_tui.charts.series import Area, Curves, Series, View, panned, read_at, steps_of, zoomed
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.style.looks import looks_of
from bertcl_tui.widgets.frame import Sized

_LEAP: Final = 10
_ZOOM: Final = 0.5
_WHEEL: Final = 0.8
_PAN: Final = 0.25
_NEARLY_ALL: Final = 0.999


class Drawing(Protocol):
    """What is to be drawn, as a value: two that are equal look the same."""

    def draw(self, size: Size, palette: Palette) -> Text:
        """Draw it."""
        ...


class Chart(Sized):
    """Shows a drawing in the size it has, and draws anew only what differs."""

    ALLOW_MAXIMIZE = True
    DEFAULT_CSS: ClassVar[str] = """
    Chart { height: 1fr; width: 1fr; }
    """

    ALLOW_SELECT = False

    class _Drawn(Message):
        def __init__(self, lines: list[Strip]) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._drawing: Drawing | None = None
        self._asked: tuple[Drawing, Size, Palette] | None = None
        self._lines: list[Strip] = []

    def show(self, drawing: Drawing) -> None:
        """Show this from now on."""
        self._drawing = drawing
        self._ask()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._ask())

    def on_resize(self) -> None:
        self._ask()

    def on_show(self) -> None:
        self._ask()

    def _ask(self) -> None:
        size: Size = (self.size.width, self.size.height)
        if self._drawing is None or not self.display or not all(size):
            return
        asked = (self._drawing, size, looks_of(self.app).palette)
        if asked != self._asked:
            self._asked = asked
            self._draw(*asked)

    @work(thread=True, exclusive=True, group="draw", description="draw")
    def _draw(self, drawing: Drawing, size: Size, palette: Palette) -> None:
        text = self.text_of(drawing, size, palette)
        lines = [Strip(line.render(self.app.console)) for line in text.split(allow_blank=True)]
        if not get_current_worker().is_cancelled:
            self.post_message(self._Drawn(lines))

    def text_of(self, drawing: Drawing, size: Size, palette: Palette) -> Text:
        """Draw, in a thread."""
        return drawing.draw(size, palette)

    def on_chart__drawn(self, message: _Drawn) -> None:
        message.stop()
        before, self._lines = self._lines, message.lines
        for y, (old, new) in enumerate(zip_longest(before, self._lines)):
            if old != new and y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        style = self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, style)
        return self._lines[y].apply_style(style).crop_extend(0, self.size.width, style)


class CurveChart(Chart, can_focus=True):
    """Shows what is drawn over steps; keys and mouse move a crosshair over the measured ones.

    The crosshair and the zoom stay where they are while a run goes on.
    """

    PLACE: ClassVar[Place] = "curves"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("curves")]

    class Pointed(Message):
        """The crosshair of a chart is at another step of the run; None: it is gone."""

        def __init__(self, chart: "CurveChart", step: float | None) -> None:
            super().__init__()
            self.chart, self.step = chart, step

    class _Laid(Message):
        """What was drawn, and where; no curves: something else over steps."""

        def __init__(
            self,
            curves: Curves | None,
            lines: list[Series],
            steps: tuple[float, ...],
            area: Area | None,
        ) -> None:
            super().__init__()
            self.curves, self.lines, self.steps, self.area = curves, lines, steps, area

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.view = View()
        self._shown: Drawing | None = None
        self._curves: Curves | None = None
        self._readable: list[Series] = []
        """The lines that have values, the reference among them."""
        self._steps: tuple[float, ...] = ()
        """At which any of them was measured."""
        self._area: Area | None = None
        self._hovers = False
        """Whether the crosshair goes with the mouse, and away with it."""

    def show(self, drawing: Drawing) -> None:
        """Show this from now on, as it is looked at now."""
        self._shown = drawing
        if isinstance(drawing, OfCurves | OverSteps):
            drawing = Viewed(drawing, self.view)
        super().show(drawing)

    def text_of(self, drawing: Drawing, size: Size, palette: Palette) -> Text:
        if not isinstance(drawing, Viewed):
            return super().text_of(drawing, size, palette)
        if isinstance(drawing.drawing, OverSteps):
            read = drawing.drawing.picture_at(size, palette, drawing.view.x)
            self.post_message(self._Laid(None, [], drawing.drawing.steps(), read.area))
            return read.text
        curves = drawing.drawing.curves()
        drawn = picture(curves, size, palette, drawing.view)
        base = curves.baseline
        lines = [*curves.drawn(), *([base] if isinstance(base, Series) else [])]
        self.post_message(self._Laid(curves, lines, steps_of(lines), drawn.area))
        return drawn.text

    def on_curve_chart__laid(self, message: _Laid) -> None:
        message.stop()
        self._curves, self._area = message.curves, message.area
        self._readable, self._steps = message.lines, message.steps
        self.refresh_bindings()

    def _look(self, **changes: object) -> None:
        """Look at it so, and tell the other charts of the screen where it is read."""
        before = self.view.x
        self._change_view(**changes)
        if (x := self.view.x) != before:
            self.post_message(self.Pointed(self, None if x is None else x + self._origin))

    def _change_view(self, **changes: object) -> None:
        self.view = replace(self.view, **changes)
        if self._shown is not None:
            self.show(self._shown)
        self.refresh_bindings()

    def point_at(self, step: float | None) -> None:
        """Put the crosshair where another chart of the same run is read; None: take it away."""
        self._hovers = False
        if step is None:
            self._change_view(x=None, line=None)
        else:
            x = step - self._origin
            self._change_view(x=x, x_range=self._range_with(x))

    # what there is

    def _whole(self) -> Range:
        steps = self._steps or (0.0, 1.0)
        given = None if self._curves is None else self._curves.x_range
        return given or (steps[0], max(steps[-1], steps[0] + 1))

    @property
    def _origin(self) -> float:
        """Steps of the run before x = 0."""
        return 0.0 if self._curves is None else self._curves.origin

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        match action:
            case "end_reading":
                return self.view.x is not None or self.view.x_range is not None
            case "zoom_in" | "turn_axis":
                return bool(self._readable)
            case "zoom_out" | "zoom_off" | "pan_left" | "pan_right":
                return self.view.x_range is not None
            case "line_above" | "line_below":
                return self.view.x is not None and bool(self._readable)
            case _:
                return bool(self._steps)

    # the crosshair

    def action_step_right(self) -> None:
        self._step(1)

    def action_step_left(self) -> None:
        self._step(-1)

    def action_leap_right(self) -> None:
        self._step(_LEAP)

    def action_leap_left(self) -> None:
        self._step(-_LEAP)

    def action_first_step(self) -> None:
        self._read_at(self._steps[0])

    def action_last_step(self) -> None:
        self._read_at(self._steps[-1])

    def action_end_reading(self) -> None:
        if self.view.x is None:
            self.action_zoom_off()
        else:
            self._look(x=None, line=None)

    def _step(self, steps: int) -> None:
        """Go on by so many measured steps; the first time, begin at the last one that is shown."""
        measured = self._steps
        if not measured:
            return
        if self.view.x is None:
            _, last = self.view.x_range or self._whole()
            index = bisect_right(measured, last) - 1
        elif steps > 0:
            index = bisect_right(measured, self.view.x) - 1 + steps
        else:
            index = bisect_left(measured, self.view.x) + steps
        self._read_at(measured[min(max(index, 0), len(measured) - 1)])

    def _read_at(self, x: float) -> None:
        """Put the crosshair there, and move what is shown so that it is seen."""
        self._hovers = False
        line = self.view.line or self._first_line()
        self._look(x=x, x_range=self._range_with(x), line=line)

    def _range_with(self, x: float) -> Range | None:
        """Return what is shown, moved so that x is in it."""
        shown = self.view.x_range
        if shown is None or shown[0] <= x <= shown[1]:
            return shown
        beyond = (x - shown[1] if x > shown[1] else x - shown[0]) / (shown[1] - shown[0])
        return panned(self._whole(), shown, beyond, log=False)

    def _first_line(self) -> str | None:
        lines = self._readable
        bright = [line for line in lines if line.emphasis == "bright"]
        return next((line.name for line in (*bright, *lines)), None)

    def action_line_above(self) -> None:
        self._change_line(-1)

    def action_line_below(self) -> None:
        self._change_line(1)

    def _change_line(self, by: int) -> None:
        x = self.view.x
        if x is None:
            return
        readings = [(read_at(line, x), line.name) for line in self._readable]
        ranked = [
            name
            for reading, name in sorted(
                ((reading.y, name) for reading, name in readings if reading),
                key=lambda pair: -pair[0],
            )
        ]
        if ranked:
            here = ranked.index(self.view.line) if self.view.line in ranked else -by
            self._look(line=ranked[min(max(here + by, 0), len(ranked) - 1)])

    # zoom

    def action_zoom_in(self) -> None:
        self._zoom(_ZOOM, self._middle())

    def action_zoom_out(self) -> None:
        self._zoom(1 / _ZOOM, self._middle())

    def action_zoom_off(self) -> None:
        self._look(x_range=None)

    def action_pan_left(self) -> None:
        self._pan(-_PAN)

    def action_pan_right(self) -> None:
        self._pan(_PAN)

    def action_turn_axis(self) -> None:
        self._look(log=not self.view.log)

    def _middle(self) -> float:
        """Return what stays in place: the crosshair, or else the last step that is shown."""
        low, high = self.view.x_range or self._whole()
        x = self.view.x
        return x if x is not None and low <= x <= high else high

    def _zoom(self, factor: float, around: float) -> None:
        whole = self._whole()
        part = zoomed(whole, self.view.x_range, factor, around, log=self.view.log)
        everything = part[1] - part[0] > _NEARLY_ALL * (whole[1] - whole[0])
        self._look(x_range=None if everything else part)

    def _pan(self, share: float) -> None:
        if self.view.x_range is not None:
            part = panned(self._whole(), self.view.x_range, share, log=self.view.log)
            self._look(x_range=part)

    # the mouse

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.view.x is None or self._hovers:
            x = self._measured_at(event)
            if x is not None and x != self.view.x:
                self._look(x=x, line=self.view.line)
                self._hovers = True

    def on_leave(self, _: events.Leave) -> None:
        if self._hovers:
            self._hovers = False
            self._look(x=None)

    def on_click(self, event: events.Click) -> None:
        x = self._measured_at(event)
        if x is not None:
            self._read_at(x)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, _WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1 / _WHEEL)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        x = self._x_at(event)
        if x is not None and self._readable:
            self._zoom(factor, x)

    def _x_at(self, event: events.MouseEvent) -> float | None:
        offset = event.get_content_offset(self)
        return None if self._area is None or offset is None else self._area.x_at(offset.x)

    def _measured_at(self, event: events.MouseEvent) -> float | None:
        """Return the measured step that is nearest to the mouse."""
        x, measured = self._x_at(event), self._steps
        return None if x is None or not measured else min(measured, key=lambda step: abs(step - x))
