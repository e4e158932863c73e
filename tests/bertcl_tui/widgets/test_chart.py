"""A chart is drawn once for what it shows, and only its changed lines are painted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from bertcl_tui.charts.style import DARK, LIGHT, Palette, Size
from bertcl_tui.widgets.chart import Chart
from tests.bertcl_tui.waiting import until


class Lines:
    """A drawing that remembers for what it was asked."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.asked: list[tuple[Size, Palette]] = []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines) and self.lines == other.lines

    def __hash__(self) -> int:
        return hash(self.lines)

    def draw(self, size: Size, palette: Palette) -> Text:
        self.asked.append((size, palette))
        return Text("\n".join(self.lines))


class Painted(Chart):
    def __init__(self) -> None:
        super().__init__()
        self.regions: list[Region] = []

    def refresh(self, *regions: Region, **more: bool) -> "Painted":
        self.regions.extend(regions)
        super().refresh(*regions, **more)
        return self


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Painted()


@asynccontextmanager
async def chart_of(drawing: Lines) -> AsyncIterator[tuple[Pilot[None], Painted]]:
    app = Host()
    async with app.run_test(size=(30, 8)) as pilot:
        chart = app.query_one(Painted)
        chart.show(drawing)
        await until(pilot, lambda: text_of(chart)[0] == drawing.lines[0])
        yield pilot, chart


def text_of(chart: Chart) -> list[str]:
    return [chart.render_line(y).text.rstrip() for y in range(chart.size.height)]


async def test_draws_in_its_size_and_colours() -> None:
    drawing = Lines("one", "two")
    async with chart_of(drawing) as (_, chart):
        assert drawing.asked == [((30, 8), DARK)]
        assert text_of(chart)[:3] == ["one", "two", ""]


async def test_the_same_again_is_not_drawn() -> None:
    async with chart_of(Lines("one")) as (pilot, chart):
        again = Lines("one")
        chart.show(again)
        await pilot.pause()
        assert again.asked == []


async def test_only_changed_lines_are_painted() -> None:
    async with chart_of(Lines("one", "two", "three")) as (pilot, chart):
        chart.regions.clear()
        chart.show(Lines("one", "TWO"))
        await until(pilot, lambda: text_of(chart)[1] == "TWO")
        assert [region.y for region in chart.regions] == [1, 2]


async def test_another_size_and_theme_are_drawn_anew() -> None:
    drawing = Lines("one")
    async with chart_of(drawing) as (pilot, _):
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: len(drawing.asked) == 2)
        pilot.app.theme = "textual-light"
        await until(pilot, lambda: len(drawing.asked) == 3)
        assert drawing.asked[1:] == [((40, 10), DARK), ((40, 10), LIGHT)]


async def test_a_chart_that_is_not_shown_is_not_drawn() -> None:
    drawing = Lines("one")
    async with chart_of(Lines("zero")) as (pilot, chart):
        chart.display = False
        await pilot.pause()
        chart.show(drawing)
        await pilot.pause()
        assert drawing.asked == []
        chart.display = True
        await until(pilot, lambda: text_of(chart)[:1] == ["one"])
        assert len(drawing.asked) == 1
