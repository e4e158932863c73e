"""Settings on the screen: what is changed holds at once, and the next time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from bertcl_tui.app.app import BertclApp
from bertcl_tui.compare.screen import CompareScreen
from bertcl_tui.compare.table import ComparisonTable
from bertcl_tui.help.screen import HelpScreen, sections
from bertcl_tui.kit.dialogs import ConfirmScreen
from bertcl_tui.settings import Settings, read_settings
from bertcl_tui.settings.screen import KeysTable, PressScreen, SettingsScreen
from bertcl_tui.widgets.choice import Choice
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.inputs import FieldRow
from bertcl_tui.workers.panel import WorkersPanel
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.study.test_screen import _enter
from tests.bertcl_tui.waiting import until

pytestmark = pytest.mark.app


@asynccontextmanager
async def opened(
    store: Path, folder: Path, settings: Settings | None = None
) -> AsyncIterator[Pilot[None]]:
    app = BertclApp(str(store), settings=settings, settings_path=folder / "config.toml")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        yield pilot


def _kept(folder: Path) -> Settings:
    return read_settings(folder / "config.toml")


async def _to(pilot: Pilot[None], name: str) -> KeysTable:
    table = pilot.app.screen.query_one(KeysTable)
    table.focus()
    table.cursor = next(place for place, line in enumerate(table.items) if line.action.name == name)
    await pilot.pause()
    return table


def _keys(table: KeysTable) -> str:
    assert table.current is not None
    return table.current.keys


@pytest.mark.action("app", "open_settings")
@pytest.mark.action("settings", "back")
async def test_a_theme_holds_at_once_and_the_next_time(store: Path, tmp_path: Path) -> None:
    async with opened(store, tmp_path) as pilot:
        await pilot.press("right")
        await until(pilot, lambda: pilot.app.theme == "bertcl-light")
        await pilot.press("down", "down", "right")
        await until(pilot, lambda: _kept(tmp_path) == Settings(theme="bertcl-light", bell=True))
        pilot.app.theme = "nord"  # as the palette does
        await until(pilot, lambda: _kept(tmp_path).theme == "nord")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, SettingsScreen))


async def test_a_theme_that_is_gone_is_told_and_another_one_taken(
    store: Path, tmp_path: Path
) -> None:
    async with opened(store, tmp_path, Settings(theme="neon")) as pilot:
        assert pilot.app.theme == "bertcl-dark"
        assert any("neon" in note.message for note in pilot.app._notifications)
    assert not (tmp_path / "config.toml").exists()


@pytest.mark.action("settings", "change_key", "add_key", "reset_key", "filter")
async def test_keys_are_found_pressed_and_added_to(store: Path, tmp_path: Path) -> None:
    async with opened(store, tmp_path) as pilot:
        table = await _to(pilot, "sort")
        await pilot.press("slash")
        bar = pilot.app.screen.query_one(FilterBar)
        await until(pilot, lambda: bar.has_class("-open"))
        bar.query_one(Input).value = "where:combine turn"
        await pilot.press("enter")
        await until(pilot, lambda: len(table.items) < 10)
        assert {line.action.name for line in table.items} >= {"turn_up", "turn_down"}
        await pilot.press("escape")
        await until(pilot, lambda: len(table.items) > 50)

        await _to(pilot, "sort")
        await pilot.press("enter", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
        assert _keys(table) == "o"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PressScreen))
        await pilot.press("j")  # goes down already
        await until(
            pilot, lambda: "cursor_down" in str(pilot.app.screen.query_one("#wrong").render())
        )
        await pilot.press("tab")  # shows the next chart
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
        assert _keys(table) == "f6"
        await pilot.press("a", "f7")
        await until(pilot, lambda: _kept(tmp_path).keys == {"sort": "f6,f7"})
        assert _keys(table) == "f6, f7"
        await pilot.press("r")
        await until(pilot, lambda: _kept(tmp_path).keys == {})
        assert _keys(table) == "o"


async def test_a_set_of_keys_holds_at_once_unless_own_keys_are_in_its_way(
    store: Path, tmp_path: Path
) -> None:
    async with opened(store, tmp_path, Settings(keys={"sort": "U"})) as pilot:
        table = await _to(pilot, "sort")
        row = pilot.app.screen.query_one("#keys", FieldRow)
        row.query_one(Choice).focus()
        await pilot.press("right")
        await until(pilot, lambda: pilot.app._notifications)
        assert any(
            "both 'sort'" in note.message or "and 'sort'" in note.message
            for note in pilot.app._notifications
        )
        await until(pilot, lambda: row.text == "usual")
        table = await _to(pilot, "sort")
        await pilot.press("r")
        await until(pilot, lambda: _keys(table) == "o")
        row.query_one(Choice).focus()
        await pilot.press("right")
        await until(pilot, lambda: _kept(tmp_path).keys == "vim")
        table = await _to(pilot, "delete_study")
        assert _keys(table) == "x, D"
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        said = {said.title: dict(said.entries) for said in sections(pilot.app, ())}
        assert "x, D" in said["Studies"]


@pytest.mark.action("settings", "reset_keys")
async def test_all_keys_are_as_they_came(store: Path, tmp_path: Path) -> None:
    given = Settings(keys={"sort": "f7", "reverse": "f6"}, bell=True)
    async with opened(store, tmp_path, given) as pilot:
        await _to(pilot, "sort")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, (tmp_path / "config.toml").exists)
        await until(pilot, lambda: _kept(tmp_path) == Settings(bell=True))


async def test_hints_name_the_keys_as_they_are(open_app: OpenApp) -> None:
    keys = {"show_alike": "f7", "back": "f8", "pause_or_resume": "f9", "group_curves": "f11"}
    async with open_app(settings=Settings(keys=keys)) as pilot:
        await _enter(pilot)
        workers = pilot.app.screen_stack[0].query_one(WorkersPanel)
        workers.show((), waiting=1)
        assert "f9 on it starts one" in str(workers.query_one(Static).render())
        said = {said.title: dict(said.entries) for said in sections(pilot.app, ())}
        assert "(f11)" in said["Reading the curves"]["n=3"]
        await pilot.press("1")
        chart = pilot.app.screen.query_one("#forgetting")
        await until(pilot, lambda: "f8 shows all" in str(chart.border_subtitle))
        await pilot.press("f8", "j", "space", "j", "space", "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        table = pilot.app.screen.query_one(ComparisonTable)
        await until(pilot, lambda: "f7 shows them" in str(table.border_subtitle))
