"""Keys that come in a burst arrive in order, and each where the one before led."""

from pathlib import Path

import pytest
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.widgets.inputs import FieldRow
from engine.store.connection import open_store
from engine.store.studies import find_study
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE

pytestmark = pytest.mark.app


def burst(app: App[None], *keys: str) -> None:
    """Send keys as a terminal does that has them all at once."""
    assert app._driver is not None
    for key in keys:
        app._driver.send_message(Key(key, key if len(key) == 1 else None))


def _texts(pilot: Pilot[None]) -> list[str]:
    rows = pilot.app.screen.query(FieldRow)
    return [row.text for row in rows if row.query(Input)]


async def test_what_is_typed_while_a_form_or_a_dialog_opens_is_typed_into_it_each_in_its_field(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app() as pilot:
        await until(pilot, lambda: pilot.app.screen.query_one(StudiesTable).items)
        burst(pilot.app, "n", *"sqpspD")  # stop, quit, pause, delete where it were not a form
        await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))
        await until(pilot, lambda: _texts(pilot)[0] == "sqpspD")
        assert len(pilot.app.screen_stack) == 2
        assert find_study(open_store(str(store)), LIVE).desired == "running"
        burst(pilot.app, "tab", *"two", "shift+tab", *"more")
        await until(pilot, lambda: _texts(pilot)[:2] == ["more", "two"])  # each was selected

        await pilot.press("escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        table = pilot.app.screen.query_one(StudiesTable)
        burst(pilot.app, "r", *"xyz", "enter", "j")
        await until(pilot, lambda: table.items[0].name == "xyz")
        await until(pilot, lambda: table.cursor == 1)
