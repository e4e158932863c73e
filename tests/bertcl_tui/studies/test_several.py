"""Several studies at once: marked, paused, stopped, deleted and had back, archived, combined."""

import csv
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Label

from bertcl_tui.combine.screen import CombineScreen
from bertcl_tui.kit.dialogs import ConfirmScreen, FormScreen
from bertcl_tui.store import control
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.widgets.inputs import FieldRow
from engine.store.connection import open_store
from engine.store.studies import find_study, study_ids
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import DONE, LIVE, PAUSED

SMALL = (80, 24)


@pytest.fixture(autouse=True)
def _no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "start_workers", lambda _: None)


def _table(pilot: Pilot[None]) -> StudiesTable:
    return pilot.app.screen_stack[0].query_one(StudiesTable)


async def _ready(pilot: Pilot[None]) -> StudiesTable:
    await until(pilot, lambda: len(_table(pilot).items) == 3)
    return _table(pilot)


def _names(pilot: Pilot[None]) -> list[str]:
    return [item.name for item in _table(pilot).items]


def _desired(store: Path) -> dict[str, str]:
    opened = open_store(str(store))
    found = {name: find_study(opened, name).desired for name in (LIVE, DONE, PAUSED)}
    opened.close()
    return found


async def _asked(pilot: Pilot[None]) -> str:
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
    labels = [str(label.render()) for label in pilot.app.screen.query(Label)]
    return "\n".join([*labels, str(pilot.app.screen.query_one("#yes", Button).label)])


@pytest.mark.action("studies-table", "mark", "mark_all", "mark_range", "invert_marks")
@pytest.mark.action("studies-table", "extend_down", "extend_up", "clear_marks")
async def test_studies_are_marked_and_combined(open_app: OpenApp) -> None:
    async with open_app(size=SMALL) as pilot:
        table = await _ready(pilot)
        ids = [study.id for study in table.items]
        assert "◉" not in table.render_line(0).text
        await pilot.press("space")
        assert table.marked == {ids[0]}
        assert table.render_line(1).text.split()[0] == "◉"
        await until(pilot, lambda: "1 marked" in str(table.border_title))
        await pilot.press("i")
        assert table.marked == {*ids[1:]}
        await pilot.press("u", "g", "v", "j")
        assert table.render_line(2).text.split()[0] == "▸"
        await pilot.press("space")
        assert table.marked == {*ids[:2]}
        await pilot.press("a", "a", "g", "J", "J", "K", "space")
        assert table.marked == {*ids[:2]}

        await pilot.press("u", "g", "j", "space", "j", "space", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CombineScreen))
        screen = pilot.app.screen
        assert isinstance(screen, CombineScreen)
        assert list(screen._marked)[:2] == ids[1:]
        assert not screen._aside & {*ids[1:]}


@pytest.mark.action("studies", "stop_study")
@pytest.mark.action("dialog", "back")
async def test_it_is_asked_before_one_is_stopped_or_several_are_paused_go_on_or_are_stopped(
    open_app: OpenApp, store: Path
) -> None:
    before = _desired(store)
    async with open_app(size=SMALL) as pilot:
        await _ready(pilot)
        for no in ("escape", "enter"):
            await pilot.press("s")
            await _asked(pilot)
            await pilot.press(no)
            await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
            assert _desired(store) == before
        await pilot.press("a", "p")
        said = await _asked(pilot)
        assert f"Pause {LIVE}?" in said
        assert "2 others marked: nothing to do there." in said
        await pilot.press("y")
        await until(pilot, lambda: _table(pilot).items[0].desired == "paused")
        await pilot.press("p")
        said = await _asked(pilot)
        assert "Resume 2 studies?" in said
        assert {LIVE, PAUSED} <= {*said.splitlines()}
        await pilot.press("y")
        await until(pilot, lambda: {*_desired(store).values()} == {"running"})
        await until(pilot, lambda: _table(pilot).items[0].desired == "running")
        await until(pilot, lambda: _table(pilot).items[2].desired == "running")
        await pilot.press("s")
        assert "Stop 2 studies?" in await _asked(pilot)
        await pilot.press("y")
        stopped = {LIVE: "stopped", DONE: "running", PAUSED: "stopped"}
        await until(pilot, lambda: _desired(store) == stopped)


@pytest.mark.action("studies", "export_trials", "undo_delete")
async def test_trials_of_several_are_written_into_one_file_and_all_are_had_back_once_deleted(
    open_app: OpenApp, store: Path, tmp_path: Path
) -> None:
    before, out = _desired(store), tmp_path / "both.csv"
    async with open_app(size=SMALL) as pilot:
        await _ready(pilot)
        await pilot.press("space", "j", "space", "E")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(FieldRow).text = str(out)
        await pilot.press("enter")
        await until(pilot, out.exists)
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["study"] for row in rows} == {LIVE, DONE}
        assert all(row["lr0"] for row in rows)

        await pilot.press("D")
        said = await _asked(pilot)
        assert said.startswith("Stop and delete 2 studies?")
        assert f"{LIVE} at work: stopped first" in said
        assert {LIVE, DONE} <= {*said.splitlines()}
        await pilot.press("y")
        await until(pilot, lambda: _names(pilot) == [PAUSED])
        assert len(study_ids(open_store(str(store)))) == 1
        assert any("z has them back" in note.message for note in pilot.app._notifications)
        await until(pilot, lambda: pilot.app.screen_stack[0].check_action("undo_delete", ()))
        await pilot.press("z")
        await until(pilot, lambda: _names(pilot) == [LIVE, DONE, PAUSED])
        assert _desired(store) == before
        await until(pilot, lambda: not pilot.app.screen_stack[0].check_action("undo_delete", ()))


@pytest.mark.action("studies", "archive_studies", "fold_archived", "delete_study")
async def test_what_is_archived_is_counted_and_found_and_what_is_deleted_gone(
    open_app: OpenApp,
) -> None:
    async with open_app(size=SMALL) as pilot:
        table = await _ready(pilot)
        await pilot.press("j", "X")
        await until(pilot, lambda: _names(pilot) == [LIVE, PAUSED])
        assert "2 + 1 archived (x)" in str(table.border_title)
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "mrpc"
        await pilot.press("enter")
        await until(pilot, lambda: _names(pilot) == [DONE, PAUSED])
        await pilot.press("slash", "escape", "x")
        await until(pilot, lambda: len(_names(pilot)) == 3)
        table.cursor = _names(pilot).index(DONE)
        await pilot.press("X", "x")
        await until(pilot, lambda: "archived" not in str(table.border_title))
        assert len(_names(pilot)) == 3

        table.cursor = _names(pilot).index(DONE)
        await pilot.press("v", "D")  # a range ends with the study it began at
        await _asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: _names(pilot) == [LIVE, PAUSED])
        assert not table.ranging
        header, line = (table.render_line(y).text for y in range(2))
        assert line.index(LIVE) == header.index("study")


@pytest.mark.action("studies", "rename_study")
@pytest.mark.action("studies", "write_note")
@pytest.mark.action("study", "rename_study")
async def test_a_study_is_renamed_and_noted(open_app: OpenApp, store: Path) -> None:
    async with open_app(size=SMALL) as pilot:
        await _ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(FieldRow).text = DONE
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app._notifications)
        assert any("there is a study named" in note.message for note in pilot.app._notifications)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(FieldRow).text = "first-try"
        await pilot.press("enter")
        await until(pilot, lambda: _names(pilot)[0] == "first-try")
        await pilot.press("N")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(FieldRow).text = "#star"
        await pilot.press("enter")
        await until(pilot, lambda: _table(pilot).items[0].note == "#star")
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "note:#star"
        await pilot.press("enter")
        await until(pilot, lambda: _names(pilot) == ["first-try"])

        await pilot.press("enter")  # and from within
        await until(pilot, lambda: pilot.app.screen.query("TrialsTable"))
        await until(pilot, lambda: pilot.app.screen.focused)
        await until(pilot, lambda: getattr(pilot.app.screen, "_look", None))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(FieldRow).text = "second-try"
        await pilot.press("enter")
        await until(pilot, lambda: find_study(open_store(str(store)), LIVE).name == "second-try")
