"""What a screen costs that another one covers: it is not drawn, and is right when seen again."""

from pathlib import Path
from typing import Any

import pytest
from textual._compositor import LayoutUpdate
from textual.screen import Screen

from bertcl_tui.app.app import BertclApp
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from engine.store.connection import open_store
from engine.store.studies import control_study, find_study
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE


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
