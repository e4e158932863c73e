"""Graphs of how busy a worker or this machine was, as tall as there is room for."""

from collections.abc import Sequence
from math import isnan
from typing import Final

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

from bertcl_tui.charts.glyphs import ACROSS, area, column
from bertcl_tui.style.looks import looks_of
from bertcl_tui.style.wording import duration
from bertcl_tui.widgets.frame import entitle
from bertcl_tui.workers.loads import SPANS, Course

_NAME, _VALUE, _MOST = 8, 9, 13
_LEAST: Final = 6
"""Columns of the smallest graph."""
NOW: Final = "now"


class LoadPanel(Widget):
    """Shows a graph for each meter, with its value now and the highest in the time on the axis.

    Args:
        nothing: what stands there while nothing was read.
        id: of the widget.
    """

    def __init__(self, nothing: str, *, id: str) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id, classes="panel")
        self._nothing = nothing
        self._courses: Sequence[Course] = ()
        self._facts: Sequence[tuple[str, str]] = ()
        self._now, self._span, self._until = 0.0, SPANS[0], NOW

    def show(
        self,
        title: str,
        courses: Sequence[Course],
        *,
        now: float,
        span: float,
        until: str = NOW,
        facts: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Show these.

        Args:
            title: whose they are.
            courses: of its meters, those first for which there shall be room.
            now: the moment at the right edge, by the clock of the readings.
            span: seconds from the left edge to the right one.
            until: when the moment at the right edge was.
            facts: names and words of what stands below, where there is room.
        """
        entitle(self, title)
        self._courses, self._facts = courses, facts
        self._now, self._span, self._until = now, span, until
        self.refresh()

    @property
    def measured(self) -> bool:
        """Whether anything is shown yet."""
        return any(course.values for course in self._courses)

    def render(self) -> RenderResult:
        looks, rows = looks_of(self.app), self.size.height - 1
        if not self.measured:
            return Text(self._nothing, style=looks.muted)
        courses = self._courses[: max(1, rows)]
        facts = self._facts[: max(0, rows - 2 * len(courses))]
        each, more = divmod(max(1, rows - len(facts)), len(courses))
        beside = _NAME + _VALUE + (_MOST if each == 1 else 0)
        room = max(_LEAST, self.size.width - beside)
        lines: list[Text] = []
        for place, course in enumerate(courses):
            words = self._words(course, one_line=each == 1)
            graph = self._graph(course, each + (place < more), room)
            words += [Text() for _ in graph[len(words) :]]
            for text, line in zip(words, graph, strict=True):
                text.truncate(beside, pad=True)
                lines.append(text.append(line, looks.good))
        lines.append(Text(self._axis(beside, room), looks.muted))
        lines += [Text(f"{name:<{_NAME}}", looks.muted).append(words) for name, words in facts]
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    def _words(self, course: Course, *, one_line: bool) -> list[Text]:
        """Say what a meter is called, says now and said at most, in a line or in two."""
        looks = looks_of(self.app)
        now = course.write(course.values[-1]) if course.values else "–"
        highest = course.highest(self._span, self._now)
        most = "" if isnan(highest) else course.write(highest)
        name = Text(f"{course.name:<{_NAME}}", looks.muted).append(f"{now:<{_VALUE}}", looks.text)
        if one_line:
            return [name.append(f"max {most}", looks.muted)]
        return [name, Text(f"{'max':<{_NAME}}{most}", looks.muted)]

    def _graph(self, course: Course, rows: int, room: int) -> list[str]:
        if rows == 1:
            return ["".join(map(column, course.shares(room, self._span, self._now)))]
        return area(course.shares(ACROSS * room, self._span, self._now), rows)

    def _axis(self, beside: int, room: int) -> str:
        begins = f"−{duration(self._span)}" if self._until == NOW else duration(self._span)
        line = "─" * (room - len(begins) - len(self._until) - 2)
        if not line:
            until = "" if self._until == NOW else f" until {self._until}"
            return f"{'':{_NAME}}over the last {duration(self._span)}{until}"
        return f"{'':{beside}}{begins} {line} {self._until}"
