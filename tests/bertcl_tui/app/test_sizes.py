"""Terminals that change their size while the app is shown."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from bertcl_tui.help.screen import DrawnOnce
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until

USUAL, LARGE = (80, 24), (150, 46)
"""The latter is past every breakpoint."""


def _places(pilot: Pilot[None]) -> list[tuple[str, Region]]:
    """Return what is where on the screen in front."""
    shown = pilot.app.screen.walk_children(Widget)
    return [(type(widget).__name__, widget.region) for widget in shown if widget.region]


async def test_every_screen_is_whole_again_after_a_terminal_of_no_size(open_app: OpenApp) -> None:
    async with open_app(size=USUAL) as pilot:
        home = pilot.app.screen
        for key in ("", "enter", "A", "W", "n", "f2", "question_mark"):
            await pilot.press(*filter(None, [key]))
            await until(pilot, lambda key=key: bool(key) == (pilot.app.screen is not home))  # type: ignore[misc]
            await pilot.pause()
            before = _places(pilot)
            for size in ((1, 1), LARGE, USUAL):
                await pilot.resize_terminal(*size)
                await pilot.pause()
            await until(pilot, lambda before=before: _places(pilot) == before)  # type: ignore[misc]
            if key:
                await pilot.press("escape")
                await until(pilot, lambda: pilot.app.screen is home)


class Counted(Table):
    """Counts how often it is drawn."""

    drawn = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.drawn += 1
        yield from super().__rich_console__(console, options)


def test_a_long_text_is_drawn_once_for_each_width() -> None:
    table, console = Counted("key", "what it does"), Console()
    table.add_row("q", "leave")
    once = DrawnOnce(table)
    narrow, wide = (console.options.update_width(width) for width in (20, 60))
    lines = console.render_lines(once, narrow)
    for options in (narrow, wide, narrow, wide):
        console.render_lines(once, options)
    assert table.drawn == 2
    assert lines == console.render_lines(table, narrow)
