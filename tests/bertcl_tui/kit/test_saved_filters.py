"""Filters that a person gave a name: they hold again by a key, and the next time too."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from bertcl_tui.app.app import BertclApp
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.kit.saved_filters import SavedFiltersScreen
from bertcl_tui.settings import Settings, read_settings
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.widgets.filter_bar import FilterBar
from tests.bertcl_tui.waiting import until
from tests.recorded import DONE, PAUSED

pytestmark = pytest.mark.app


def _names(pilot: Pilot[None]) -> list[str]:
    return [study.name for study in pilot.app.screen.query_one(StudiesTable).items]


async def _ready(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one(StudiesTable).items)


@pytest.mark.action("filter", "save_filter")
@pytest.mark.action("studies", "recall_filter")
async def test_a_filter_is_saved_and_holds_again_in_the_next_app(
    store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    app = BertclApp(str(store), settings_path=path)
    async with app.run_test(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("F")  # none is there
        await until(pilot, lambda: app._notifications)
        await pilot.press("slash", *"qqp", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, FormScreen))
        await pilot.press(*"mine", "enter")
        await until(pilot, lambda: read_settings(path).filters == {"studies": {"mine": "qqp"}})
        await until(pilot, lambda: isinstance(app.screen, StudiesScreen))
    app = BertclApp(str(store), settings=read_settings(path), settings_path=path)
    async with app.run_test(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, SavedFiltersScreen))
        await pilot.press("enter")
        await until(pilot, lambda: _names(pilot) == [PAUSED])
        await until(pilot, lambda: isinstance(app.screen.focused, StudiesTable))
        assert app.screen.query_one(FilterBar).in_force == "qqp"


@pytest.mark.action("filter", "recall_filter")
@pytest.mark.action("study", "recall_filter")
async def test_the_list_is_opened_from_the_line_too_and_forgets_and_trials_have_their_own(
    store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    given = Settings(
        filters={"studies": {"b": "qqp", "a": "state:complete"}, "trials": {"c": "p>1"}}
    )
    app = BertclApp(str(store), settings=given, settings_path=path)
    async with app.run_test(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("slash", "ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, SavedFiltersScreen))
        assert app.screen.query_one(OptionList).option_count == 2
        await pilot.press("j", "x", "enter")
        await until(pilot, lambda: DONE in _names(pilot) and PAUSED not in _names(pilot))
        kept = {"studies": {"a": "state:complete"}, "trials": {"c": "p>1"}}
        await until(pilot, path.exists)
        await until(pilot, lambda: read_settings(path).filters == kept)

        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen))
        await until(pilot, lambda: app.screen.focused)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, SavedFiltersScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen))
        await until(pilot, lambda: app.screen.query_one(FilterBar).in_force == "p>1")
