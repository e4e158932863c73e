"""What is told in passing lies over nothing that one reads."""

from pathlib import Path

import pytest
from textual.widgets import Static
from textual.widgets._toast import Toast

from bertcl_tui.app.app import BertclApp
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.widgets.keys import KeyBar
from tests.bertcl_tui.waiting import until

pytestmark = pytest.mark.app
LONG = "a store that was moved away while it was being read, and that is looked for " * 2


@pytest.mark.parametrize("size", [(60, 18), (120, 40)])
async def test_toasts_take_room_of_their_own_and_the_cursor_stays_in_sight(
    store: Path, size: tuple[int, int]
) -> None:
    async with BertclApp(str(store)).run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: pilot.app.screen.query_one(StudiesTable).items)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen.query(TrialsTable))
        table = pilot.app.screen.query_one(TrialsTable)
        await until(pilot, lambda: table.items)
        table.focus()
        table.cursor = table.seen[1] - 1  # the last that can be seen
        await pilot.pause()
        rows = table.size.height
        for text in ("paused", LONG):
            pilot.app.notify(text, markup=False)
        await until(pilot, lambda: len(pilot.app.screen.query(Toast)) == 2)
        await until(pilot, lambda: all(each.region for each in pilot.app.screen.query(Toast)))
        await until(pilot, lambda: table.size.height < rows)
        read = [table, *pilot.app.screen.query(KeyBar), *pilot.app.screen.query(Static)]
        for toast in pilot.app.screen.query(Toast):
            over = [
                each for each in read if each is not toast and each.region.overlaps(toast.region)
            ]
            assert [each for each in over if not isinstance(each, Toast)] == []
        await until(pilot, lambda: table.seen[0] <= table.cursor < table.seen[1])
        pilot.app.clear_notifications()
        await until(pilot, lambda: table.size.height == rows)
