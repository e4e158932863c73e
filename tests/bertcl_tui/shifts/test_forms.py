"""Lists are moved in as tables are."""

import pytest
from textual.app import App, ComposeResult

from bertcl_tui.shifts.forms import ShiftList


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield ShiftList()


@pytest.mark.action("list", "cursor_up", "cursor_down", "page_up", "page_down", "first", "last")
async def test_the_cursor_goes_where_the_keys_say() -> None:
    app = Host()
    async with app.run_test() as pilot:
        shifts = app.query_one(ShiftList)
        shifts.focus()
        last = shifts.option_count - 1
        ways = [("j", 1), ("down", 2), ("k", 1), ("G", last), ("g", 0), ("ctrl+f", last)]
        for key, line in [*ways, ("ctrl+b", 0), ("end", last), ("up", last - 1), ("home", 0)]:
            await pilot.press(key)
            assert shifts.highlighted == line, key
