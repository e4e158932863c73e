"""The time of a study, from its beginning to now, in which one goes to and fro."""

from bisect import bisect_right
from itertools import pairwise
from typing import ClassVar, Final

from msgspec.structs import replace
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from bertcl_tui.actions import Place, bindings_of
from bertcl_tui.charts.glyphs import column
from bertcl_tui.study.past import LATEST, Past
from bertcl_tui.style.looks import looks_of
from bertcl_tui.style.wording import clock_time, count
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.widgets.keys import key_for

_LEAP: Final = 10
_SPEEDS: Final = (1, 2, 4, 8, 16)
"""Trials a second."""
_HERE: Final = "┃"
_NOTHING: Final = "─"


class TimeLine(Widget, can_focus=True):
    """Shows how many trials ended when, and where in that one is; plays by itself, too."""

    PLACE: ClassVar[Place] = "replay"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("replay")]
    DEFAULT_CSS: ClassVar[str] = """
    TimeLine { height: 3; }
    """

    class Scrubbed(Message):
        """The person went to another moment, which the study is to be shown as of."""

        def __init__(self, until: float, last: int | None) -> None:
            super().__init__()
            self.until, self.last = until, last

    class Turned(Message):
        """The person wants another trial of that moment: so many lines below."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self) -> None:
        super().__init__(id="time-line", classes="panel")
        self.display = False
        self._past: Past | None = None
        """What is shown; None: the study as it is now."""
        self._until = LATEST
        """What was asked for, which is shown as soon as it is read."""
        self._speed = 2
        """Place among the speeds."""
        self._timer: Timer | None = None
        """None: it does not play."""

    @property
    def plays(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer is not None

    def begin(self) -> None:
        """Show the line, at its end."""
        self._until, self.display = LATEST, True
        self.focus()

    def end(self) -> None:
        """Hide the line."""
        self._stop()
        self._past, self.display = None, False

    def show(self, past: Past) -> None:
        """Show this moment of a study's time."""
        self._past = past
        self._entitle(past)
        self.refresh()
        self.refresh_bindings()

    def _entitle(self, past: Past) -> None:
        last = "before the first trial" if past.last is None else f"#{past.last} has ended"
        title = f"Replay ─ {' · '.join(past.facts[1:])} ─ {last}"
        pace = f"{count(_SPEEDS[self._speed], 'trial')} a second"
        plays = f"▶ {pace}" if self.plays else f"{key_for(self.app, 'play')} plays {pace}"
        entitle(self, title, f"{plays} · {key_for(self.app, 'back')} leaves")

    def render(self) -> RenderResult:
        past, looks = self._past, looks_of(self.app)
        if past is None:
            return Text()
        ends = past.moments[0], past.end
        first, last = (clock_time(end, among=ends) for end in ends)
        line = Text(f"{first} ", style=looks.muted, no_wrap=True, overflow="crop")
        cells = self._cells(past)
        here = self._cell_of(past, past.at, len(cells))
        for cell, glyph in enumerate(cells):
            ink = looks.accent if cell < here else looks.palette.faint
            line.append(*((_HERE, looks.palette.highlight) if cell == here else (glyph, ink)))
        return line.append(f" {last}", style=looks.muted)

    def _cells(self, past: Past) -> list[str]:
        """Return a glyph for each part of the time: how many trials ended in it."""
        width = self._width(past)
        span = past.end - past.moments[0]
        edges = [past.moments[0] + span * cell / width for cell in range(width + 1)]
        before = [bisect_right(past.endings, edge, key=lambda each: each.at) for edge in edges]
        counts = [end - begin for begin, end in pairwise(before)]
        most = max(counts, default=0)
        return [column(each / most) if each else _NOTHING for each in counts]

    def _width(self, past: Past) -> int:
        return max(2, self.size.width - 2 * (self._margin(past) + 1))

    def _margin(self, past: Past) -> int:
        return len(clock_time(past.end, among=(past.moments[0], past.end)))

    def _cell_of(self, past: Past, at: float, cells: int) -> int:
        span = (past.end - past.moments[0]) or 1.0
        return min(max(int((at - past.moments[0]) / span * cells), 0), cells - 1)

    # where one is

    def action_step_on(self) -> None:
        self._step(1)

    def action_step_back(self) -> None:
        self._step(-1)

    def action_leap_on(self) -> None:
        self._step(_LEAP)

    def action_leap_back(self) -> None:
        self._step(-_LEAP)

    def action_first_moment(self) -> None:
        self._go(0)

    def action_last_moment(self) -> None:
        if self._past is not None:
            self._go(len(self._past.moments) - 1)

    def _step(self, moments: int) -> None:
        if self._past is not None:
            self._go(self._past.place_of(self._until) + moments)

    def _go(self, place: int) -> None:
        """Go to one of the moments; from the last one on what ends is shown at once."""
        past = self._past
        if past is None:
            return
        is_last = place >= len(past.moments) - 1
        self._until = LATEST if is_last else past.moments[max(place, 0)]
        there = replace(past, until=self._until)
        self.post_message(self.Scrubbed(self._until, there.last))

    def on_click(self, event: events.Click) -> None:
        past, offset = self._past, event.get_content_offset(self)
        if past is None or offset is None:
            return
        share = (offset.x - self._margin(past) - 0.5) / self._width(past)
        self._go(past.place_of(past.moments[0] + share * (past.end - past.moments[0])))

    # playing

    def action_play(self) -> None:
        """Go on by itself, from the beginning where it is at the end; or stop."""
        if self.plays:
            self._stop()
        else:
            if self._until == LATEST:
                self._go(0)
            self._start()

    def action_faster(self) -> None:
        self._change_speed(1)

    def action_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, by: int) -> None:
        self._speed = min(max(self._speed + by, 0), len(_SPEEDS) - 1)
        if self.plays:
            self._start()
        elif self._past is not None:
            self._entitle(self._past)

    def _start(self) -> None:
        self._stop()
        self._timer = self.set_interval(1 / _SPEEDS[self._speed], self._tick)
        if self._past is not None:
            self._entitle(self._past)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._past is not None:
            self._entitle(self._past)

    def _tick(self) -> None:
        """Go on by one as soon as what was asked for is shown."""
        if self._past is None or self._past.until != self._until:
            return
        if self._until == LATEST:
            self._stop()
        else:
            self._step(1)

    # trials of the moment

    def action_trial_above(self) -> None:
        self.post_message(self.Turned(-1))

    def action_trial_below(self) -> None:
        self.post_message(self.Turned(1))
