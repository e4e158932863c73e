"""Keys that a person gives: what can be, what is refused, and where they are shown."""

from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from textual.command import CommandPalette
from textual.screen import Screen
from textual.widgets import Input

from bertcl_tui.actions import ACTIONS, Place
from bertcl_tui.actions.action import PLACES, active_in, checked_keymap, read_keys
from bertcl_tui.actions.presets import PRESET_HELP, PRESETS, resolved
from bertcl_tui.app.app import BertclApp
from bertcl_tui.help.screen import HelpScreen
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.settings import Settings
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.widgets.keys import KeyBar
from engine.errors import UsageError
from tests.bertcl_tui.waiting import until


def test_every_action_has_a_name_of_its_own() -> None:
    names = [action.name for action in ACTIONS]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_people_have_a_word_for_every_place() -> None:
    assert set(PLACES) == set(get_args(Place))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("x", ("x",)),
        ("G, end", ("G", "end")),
        (",", ("comma",)),
        ("/", ("slash",)),
        ("?,F1", ("question_mark", "f1")),
        ("ctrl+D", ("ctrl+d",)),
        ("x,x", ("x",)),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, keys: tuple[str, ...]) -> None:
    assert read_keys(text) == keys


@pytest.mark.parametrize("text", ["", "x,", "pgup", "strg+d", "ctrl+", "two words"])
def test_what_no_keyboard_has_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no key is called"):
        read_keys(text)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"pause_or_resum": "x"}, "did you mean 'pause_or_resume'"),
        ({"quit": "pgup"}, "keys of quit: no key is called 'pgup'"),
        ({"stop_study": "n"}, r"n would be both 'stop_study' and 'new_study' \(Studies\)"),
        ({"sort": "j"}, r"both 'sort' and 'cursor_down' \(Studies\)"),
        ({"new_table": "q"}, r"both 'new_table' and 'quit' \(Arena\)"),
        ({"new_study": "f9", "quit": "f9"}, "both 'new_study' and 'quit'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(keys: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        checked_keymap(keys, ACTIONS)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "keys",
    [
        {"new_study": "s", "stop_study": "n"},  # changes places
        {"next_measure": "s"},  # in another screen than stop
        {"sort": "o,f6"},
        {"first_step": "home,f7"},  # of a chart: a table beside it has them too
        {"back": "escape,f7"},  # ends the reading of a curve first, as it comes
    ],
)
def test_what_can_be_told_apart_is_taken(keys: dict[str, str]) -> None:
    assert set(checked_keymap(keys, ACTIONS)) == set(keys)


@pytest.mark.parametrize("name", PRESETS)
def test_a_set_of_keys_holds_the_actions_of_a_place_apart(name: str) -> None:
    keymap = checked_keymap(resolved(name), ACTIONS)
    assert keymap.keys() == PRESETS[name].keys()
    assert set(PRESET_HELP) == set(PRESETS)


def _another(app: BertclApp, before: Screen[object]) -> bool:
    return app.screen is not before


@pytest.mark.app
async def test_the_keys_of_all_that_stands_in_a_screen_are_held_apart(store: Path) -> None:
    app = BertclApp(str(store))
    async with app.run_test(size=(80, 24)) as pilot:
        home = app.screen
        await until(pilot, lambda: home.query_one(StudiesTable).items)
        for keys in ("enter enter", "c", "A", "W", "f2", "f3"):
            for key in keys.split():
                await until(pilot, lambda: app.screen.focused)
                before = app.screen
                await pilot.press(key)
                await until(pilot, partial(_another, app, before))
                _hold_apart(app.screen)
            while app.screen is not home:
                before = app.screen
                await pilot.press("escape")
                await until(pilot, partial(_another, app, before))
        _hold_apart(home)


def _hold_apart(screen: Screen[object]) -> None:
    inside = {node.PLACE for node in screen.query("*") if hasattr(node, "PLACE")}
    assert inside <= active_in(screen.PLACE)  # type: ignore[attr-defined]


@pytest.mark.app
async def test_a_given_key_is_pressed_shown_and_explained(store: Path) -> None:
    app = BertclApp(str(store), settings=Settings(keys={"new_study": "f6,e", "cursor_down": "f8"}))
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(StudiesTable)
        await until(pilot, lambda: table.items)
        await pilot.press("f8")
        assert table.cursor == 1
        await pilot.press("j")
        assert table.cursor == 1
        line = app.screen.query_one(KeyBar).render_line(0).text
        assert "f6 new" in line
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        app.screen.query_one(Input).value = "new"
        options = app.screen.query_one("CommandList")
        await until(pilot, lambda: options.option_count)  # type: ignore[attr-defined]
        assert "f6, e" in str(options.get_option_at_index(0).prompt)  # type: ignore[attr-defined]
        await pilot.press("escape")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "f6, e" in app.export_screenshot().replace("&#160;", " ")
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(app.screen, NewStudyScreen))


def test_wrong_keys_keep_the_app_from_opening(store: Path) -> None:
    with pytest.raises(UsageError, match="no action named 'jump'"):
        BertclApp(str(store), settings=Settings(keys={"jump": "x"}))
