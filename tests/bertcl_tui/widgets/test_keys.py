"""The keys at the bottom: by weight, as many as fit, and they can be clicked."""

from textual.pilot import Pilot

from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.widgets.keys import KeyBar
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until


async def _ready(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one(StudiesTable).items)


def _line(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(KeyBar).render_line(0).text.rstrip()


async def test_the_most_important_keys_fit_and_more_where_there_is_more_room(
    open_app: OpenApp,
) -> None:
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        assert _line(pilot) == (
            "space mark enter open n new p pause s stop c combine / filter ? help q quit"
        )
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "r rename" in _line(pilot))
        await pilot.resize_terminal(30, 24)
        await until(pilot, lambda: _line(pilot) == "space mark enter open n new")


async def test_a_click_presses_the_key_and_only_what_can_be_done_is_offered(
    open_app: OpenApp,
) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.click(KeyBar, offset=(_line(pilot).index("enter"), 0))
        await until(pilot, lambda: not isinstance(pilot.app.screen, StudiesScreen))
        assert isinstance(pilot.app.screen, StudyScreen)
        await until(pilot, lambda: "p pause" in _line(pilot))
        assert "r resume" not in _line(pilot)
