"""From the app: a key asks for a file, and the report is in it."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from bertcl_tui.arena.grid import ArenaGrid
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.kit.messages import OpenArena, OpenStudy
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.widgets.inputs import FieldRow
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.report.pages import Page
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE


def told(pilot: Pilot[None], where: str) -> str:
    return str(pilot.app.screen.query_one(where, Static).content)


async def _study(pilot: Pilot[None]) -> None:
    pilot.app.post_message(OpenStudy(1))
    await until(pilot, lambda: pilot.app.screen.query(TrialsTable))
    await until(pilot, lambda: pilot.app.screen.query_one(TrialsTable).items)


async def _arena(pilot: Pilot[None]) -> None:
    pilot.app.post_message(OpenArena())
    await until(pilot, lambda: pilot.app.screen.query(ArenaGrid))
    await until(pilot, lambda: not pilot.app.screen.has_class("-empty"))


@pytest.mark.action("study", "write_report")
@pytest.mark.action("arena", "write_report")
async def test_a_key_writes_the_report(
    open_app: OpenApp, arena_store: Path, tmp_path: Path
) -> None:
    async with open_app(arena_store, size=(80, 24)) as pilot:
        home = pilot.app.screen
        for open_it, title in ((_study, LIVE), (_arena, "Arena")):
            out = tmp_path / f"{len(title)}.html"
            await open_it(pilot)
            shown = pilot.app.screen
            await pilot.press("H")
            await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
            row = pilot.app.screen.query_one("#path", FieldRow)
            assert row.text == f"{title.replace(':', '-').lower()}.html"
            row.text = str(tmp_path / "mine.pdf")
            await until(pilot, lambda: "in .html" in told(pilot, "#remark"))
            row.text = str(out)
            await until(pilot, lambda: "Writes" in told(pilot, "#remark"))
            row.focus_entry()
            await pilot.press("enter")
            await until(pilot, out.exists)
            assert title in Page(out).texts
            await until(pilot, lambda shown=shown: pilot.app.screen is shown)  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is home)
