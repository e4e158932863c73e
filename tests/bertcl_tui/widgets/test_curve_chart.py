"""Curves are read step by step, by keys and by mouse, and zoomed; a live run moves nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from bertcl_tui.charts.forgetting import picture
from bertcl_tui.charts.series import Boundary, Curves, Series
from bertcl_tui.charts.style import Palette, Size
from bertcl_tui.kit.live import LiveScreen, StoreChanged
from bertcl_tui.widgets.chart import CurveChart
from tests.bertcl_tui.waiting import until


class Lines(Struct, frozen=True):
    what: Curves

    def draw(self, size: Size, palette: Palette) -> Text:
        return picture(self.what, size, palette).text

    def curves(self) -> Curves:
        return self.what


def lines_until(step: int) -> Lines:
    """Return two lines and a baseline, measured every tenth step."""
    steps = tuple(range(0, step + 1, 10))

    def line(name: str, fall: float, emphasis: str = "normal") -> Series:
        ys = tuple(0.9 - fall * x for x in steps)
        return Series(name=name, xs=steps, ys=ys, emphasis=emphasis)  # type: ignore[arg-type]

    return Lines(
        Curves(
            series=(line("#1", 0.001, "bright"), line("#2", 0.002)),
            x_label="step of stage 2",
            x_range=(0, 200),
            boundaries=(Boundary(0, "stage 2 mrpc"), Boundary(120, "stage 3 rte")),
            baseline=line("flat", 0.003),
        )
    )


class Both(LiveScreen):
    """Shows a run from its first step on, and from step 50 on."""

    def compose(self) -> ComposeResult:
        yield CurveChart(id="whole")
        yield CurveChart(id="later")

    def read(self) -> StoreChanged:
        return StoreChanged()


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield CurveChart()


@asynccontextmanager
async def chart_of(drawing: Lines) -> AsyncIterator[tuple[Pilot[None], CurveChart]]:
    app = Host()
    async with app.run_test(size=(80, 20)) as pilot:
        chart = app.query_one(CurveChart)
        chart.show(drawing)
        chart.focus()
        await until(pilot, lambda: "flat" in drawn(chart))
        yield pilot, chart


def drawn(chart: CurveChart) -> str:
    return "\n".join(chart.render_line(y).text.rstrip() for y in range(chart.size.height))


async def says(pilot: Pilot[None], chart: CurveChart, *words: str) -> None:
    await until(pilot, lambda: all(word in drawn(chart) for word in words))


@pytest.mark.action("curves", "step_left", "step_right", "end_reading")
async def test_the_crosshair_tells_step_stage_values_and_differences() -> None:
    async with chart_of(lines_until(150)) as (pilot, chart):
        await pilot.press("right")
        await says(pilot, chart, "step 150 of stage 2 · stage 3 rte")
        await says(pilot, chart, "#1 0.750 +0.300", "#2 0.600 +0.150", "flat 0.450")
        await pilot.press("left", "h", "h", "h")
        await says(pilot, chart, "step 110 of stage 2 · stage 2 mrpc", "#1 0.790 +0.220")
        await pilot.press("l")
        await says(pilot, chart, "step 120 of stage 2")
        await pilot.press("escape")
        await until(pilot, lambda: "of stage 2 ·" not in drawn(chart))
        assert "#1 0.750" in drawn(chart)


@pytest.mark.action("curves", "leap_left", "leap_right", "first_step", "last_step")
async def test_leaps_and_ends() -> None:
    async with chart_of(lines_until(150)) as (pilot, chart):
        await pilot.press("home")
        await says(pilot, chart, "step 0 of")
        await pilot.press("shift+right")
        await says(pilot, chart, "step 100 of")
        await pilot.press("L")
        await says(pilot, chart, "step 150 of")
        await pilot.press("ctrl+left")
        await says(pilot, chart, "step 50 of")
        await pilot.press("end")
        await says(pilot, chart, "step 150 of")


@pytest.mark.action("curves", "line_above", "line_below")
async def test_from_line_to_line() -> None:
    async with chart_of(lines_until(150)) as (pilot, chart):
        await pilot.press("left")
        await says(pilot, chart, "›● #1")
        await pilot.press("down")
        await says(pilot, chart, "›▲ #2")
        await pilot.press("j")
        await says(pilot, chart, "›╌ flat")
        await pilot.press("k", "up", "up")
        await says(pilot, chart, "›● #1")


async def test_a_live_run_does_not_move_the_crosshair() -> None:
    async with chart_of(lines_until(50)) as (pilot, chart):
        await pilot.press("left", "left")
        await says(pilot, chart, "step 40 of")
        chart.show(lines_until(150))
        await until(pilot, lambda: chart._steps[-1] == 150)
        await says(pilot, chart, "step 40 of", "#1 0.860 +0.080")


async def test_a_line_that_was_not_measured_there_says_when_it_was() -> None:
    both = lines_until(50)
    short = replace(both.what.series[1], xs=(0, 10), ys=(0.9, 0.88))
    drawing = Lines(replace(both.what, series=(both.what.series[0], short)))
    async with chart_of(drawing) as (pilot, chart):
        await pilot.press("end")
        await says(pilot, chart, "#2 0.880 +0.130 @10")


@pytest.mark.action("curves", "zoom_in", "zoom_out", "zoom_off", "pan_left", "pan_right")
async def test_zoom_keeps_the_crosshair_where_it_is_and_y_follows() -> None:
    async with chart_of(lines_until(200)) as (pilot, chart):
        await pilot.press("home", "plus")
        await until(pilot, lambda: chart.view.x_range == (0, 100))
        await says(pilot, chart, "zoomed", "0.7 ┤")
        await until(pilot, lambda: "0.4 ┤" not in drawn(chart))
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: chart.view.x_range == (25, 125))
        await pilot.press("comma", "comma")
        await until(pilot, lambda: chart.view.x_range == (0, 100))
        await pilot.press("end")
        await until(pilot, lambda: chart.view.x_range == (100, 200))
        await pilot.press("minus")
        await until(pilot, lambda: chart.view.x_range is None)
        await pilot.press("plus", "plus", "0")
        await until(pilot, lambda: "zoomed" not in drawn(chart))


async def test_escape_takes_the_crosshair_away_and_then_the_zoom() -> None:
    async with chart_of(lines_until(200)) as (pilot, chart):
        await pilot.press("home", "plus", "escape")
        await until(pilot, lambda: chart.view.x is None)
        await says(pilot, chart, "zoomed")
        await pilot.press("escape")
        await until(pilot, lambda: "zoomed" not in drawn(chart))


@pytest.mark.action("curves", "turn_axis")
async def test_the_first_steps_stretched() -> None:
    async with chart_of(lines_until(200)) as (pilot, chart):
        await pilot.press("x")
        await says(pilot, chart, "step of stage 2, log")
        ticks = drawn(chart).splitlines()[-1].split()
        assert ticks[:3] == ["0", "1", "10"]
        await pilot.press("x")
        await until(pilot, lambda: ", log" not in drawn(chart))


async def test_the_mouse_reads_pins_and_zooms() -> None:
    async with chart_of(lines_until(200)) as (pilot, chart):
        await pilot.hover(CurveChart, offset=(30, 8))
        await until(pilot, lambda: chart.view.x is not None)
        await pilot.click(CurveChart, offset=(30, 8))
        pinned = chart.view.x
        assert pinned is not None
        await pilot.hover(CurveChart, offset=(50, 8))
        await pilot.pause()
        assert chart.view.x == pinned
        place = {"x": 30, "y": 8, "delta_x": 0, "delta_y": 0, "button": 0}
        keys = {"shift": False, "meta": False, "ctrl": False, "screen_x": 30, "screen_y": 8}
        chart.post_message(MouseScrollUp(chart, **place, **keys))
        await until(pilot, lambda: chart.view.x_range is not None)
        low, high = chart.view.x_range or (0, 0)
        assert 0 < low < pinned < high < 200
        chart.post_message(MouseScrollDown(chart, **place, **keys))
        await until(pilot, lambda: chart.view.x_range is None)


async def test_all_charts_of_a_screen_are_read_at_one_step_of_the_run() -> None:
    later = lines_until(100)
    app = App[None]()
    async with app.run_test(size=(80, 40)) as pilot:
        screen = Both()
        await app.push_screen(screen)
        whole, part = screen.query(CurveChart)
        whole.show(lines_until(150))
        part.show(Lines(replace(later.what, x_range=(0, 100), origin=50)))
        await until(pilot, lambda: "flat" in drawn(whole) and "flat" in drawn(part))
        whole.focus()
        await pilot.press("end", "left")
        await says(pilot, whole, "step 140 of")
        await says(pilot, part, "step 90 of", "#1 0.810")
        part.focus()
        await pilot.press("left")
        await says(pilot, whole, "step 130 of", "#1 0.770")
        await until(pilot, lambda: part.view.x == 80)
        whole.focus()
        await pilot.press("home")
        await says(pilot, whole, "step 0 of")
        await until(pilot, lambda: "step of stage 2" in drawn(part))  # which begins later
        await pilot.press("escape")
        await until(pilot, lambda: whole.view.x is part.view.x is None)


async def test_a_chart_that_is_zoomed_shows_where_another_is_read() -> None:
    async with chart_of(lines_until(200)) as (pilot, chart):
        await pilot.press("home", "plus")
        await until(pilot, lambda: chart.view.x_range == (0, 100))
        chart.point_at(150)
        await until(pilot, lambda: chart.view.x_range == (50, 150))
        await says(pilot, chart, "step 150 of")
