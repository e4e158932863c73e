"""What was asked for on a screen is told of, even after the person left that."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec import Struct
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from bertcl_tui.arena.writing import write_tables
from bertcl_tui.combine.mixture import export_profile
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.writing import write_trials
from bertcl_tui.widgets.frame import TopBar
from bertcl_tui.widgets.inputs import FieldRow
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until


class Place(Struct, frozen=True, kw_only=True):
    """A screen that writes files."""

    keys: tuple[str, str]
    """Leads there from home, and asks for a file."""
    file: str
    writes: Callable[..., object]
    used_as: str
    """Under this name it is called there."""


PLACES = (
    Place(
        keys=("enter", "E"),
        file="trials.csv",
        writes=write_trials,
        used_as="bertcl_tui.study.trials.write_trials",
    ),
    Place(
        keys=("A", "e"),
        file="table.md",
        writes=write_tables,
        used_as="bertcl_tui.arena.screen.write_tables",
    ),
    Place(
        keys=("c", "e"),
        file="mine.json",
        writes=export_profile,
        used_as="bertcl_tui.combine.screen.export_profile",
    ),
)


async def _export_and_leave(pilot: Pilot[None], keys: tuple[str, str], path: Path) -> None:
    app, home = pilot.app, pilot.app.screen
    await pilot.press(keys[0])
    await until(pilot, lambda: app.screen is not home)
    screen = app.screen
    await until(pilot, lambda: app.screen.query_one(TopBar)._facts)
    await pilot.press(keys[1])
    await until(pilot, lambda: isinstance(app.screen, FormScreen))
    row = app.screen.query_one("#path", FieldRow)
    row.text = str(path)
    await until(pilot, lambda: str(path) in str(app.screen.query_one("#remark", Static).render()))
    row.focus_entry()
    await pilot.press("enter")
    await until(pilot, lambda: app.screen is screen)
    await pilot.press("escape")
    await until(pilot, lambda: app.screen is home)


async def test_a_file_that_is_written_after_its_screen_was_left(
    open_app: OpenApp, arena_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Event()

    def written_later(place: Place, *values: Any) -> object:  # noqa: ANN401 - each has its own
        assert left.wait(60)
        return place.writes(*values)

    def is_told(app: App[None], *words: str) -> bool:
        return any(all(word in note.message for word in words) for note in app._notifications)

    for place in PLACES:
        monkeypatch.setattr(place.used_as, partial(written_later, place))
    async with open_app(arena_store, size=(80, 24)) as pilot:
        app = pilot.app
        await until(pilot, lambda: app.query_one(StudiesTable).items)
        for place in PLACES:
            left.clear()
            await _export_and_leave(pilot, place.keys, tmp_path / place.file)
            assert not is_told(app, place.file)
            left.set()
            await until(pilot, lambda place=place: is_told(app, place.file, "written"))  # type: ignore[misc]

        left.clear()
        other = tmp_path / "other.json"
        await _export_and_leave(pilot, place.keys, other)
        other.mkdir()
        left.set()
        await until(pilot, lambda: is_told(app, "folder"))
