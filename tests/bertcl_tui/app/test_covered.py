"""What a screen costs that another one covers: it is not drawn, and is right when seen again."""

from pathlib import Path
from typing import Any

import pytest
from textual._compositor import LayoutUpdate
from textual.screen import Screen

from bertcl_tui.app.app import BertclApp
from bertcl_tui.help.screen import HelpScreen
from bertcl_tui.kit.live import LiveScreen
from bertcl_tui.kit.messages import OpenCompare, OpenRun, OpenStudy
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.widgets.frame import TopBar
from engine.store.connection import open_store
from engine.store.deletion import delete_study
from engine.store.run_states import finish_run
from engine.store.runs import Scores, trials_of
from engine.store.studies import control_study, find_study
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import DONE, LIVE, PAUSED, RUNNING, WORKER


class Drawn(BertclApp):
    """Counts how often all of the terminal is drawn."""

    times = 0

    def _display(self, screen: Screen[Any], renderable: Any) -> None:  # noqa: ANN401 - as Textual has it
        self.times += isinstance(renderable, LayoutUpdate)
        super()._display(screen, renderable)


@pytest.mark.app
async def test_what_is_covered_follows_the_store_and_is_not_drawn(store: Path) -> None:
    app = Drawn(str(store))
    async with app.run_test(size=(120, 40)) as pilot:
        home = app.screen
        assert isinstance(home, StudiesScreen)
        table = home.query_one(StudiesTable)
        await until(pilot, lambda: table.items)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewStudyScreen))
        await until(pilot, lambda: not home._reading)
        before = app.times
        control_study(open_store(str(store)), find_study(open_store(str(store)), LIVE).id, "paused")
        await until(pilot, lambda: table.items[0].desired == "paused")
        await until(pilot, lambda: not home._reading)
        assert app.times == before

        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is home)
        await until(pilot, lambda: home.has_class("-narrow") and table.size.width <= 80)
        assert "paus" in app.export_screenshot()


async def test_what_lies_over_a_screen_stays_when_that_loses_what_it_shows(
    open_app: OpenApp, store: Path
) -> None:
    opened = open_store(str(store))
    paused, done, live = (find_study(opened, name).id for name in (PAUSED, DONE, LIVE))
    first, second, *_ = trials_of(opened, live)
    finish_run(opened, RUNNING, WORKER, state="complete", scores=Scores(p_o=0.75, p_s=0.66))
    asked = (
        (paused, OpenStudy(paused)),
        (done, OpenRun(trials_of(opened, done)[0].id)),
        (live, OpenCompare(live, (first.number, second.number))),
    )
    async with open_app(size=(80, 24)) as pilot:
        app = pilot.app
        home = app.screen
        await until(pilot, lambda: app.query_one(StudiesTable).items)
        for told, (study, message) in enumerate(asked):
            app.post_message(message)
            await until(pilot, lambda: app.screen is not home)
            screen = app.screen
            assert isinstance(screen, LiveScreen)
            await until(pilot, lambda screen=screen: len(screen.query_one(TopBar).path) > 1)  # type: ignore[misc]
            await pilot.press("f1")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen))
            delete_study(opened, study)
            screen.follow()
            await until(pilot, lambda screen=screen: not screen._reading)  # type: ignore[misc]
            assert isinstance(app.screen, HelpScreen)
            assert len(app._notifications) == told

            await pilot.press("escape")
            await until(pilot, lambda: app.screen is home)
            await until(pilot, lambda told=told: len(app._notifications) == told + 1)  # type: ignore[misc]
            assert all(notice.message.endswith("deleted") for notice in app._notifications)
    opened.close()
