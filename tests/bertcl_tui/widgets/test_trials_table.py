"""Marking trials: one, a range, all, the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from bertcl_tui.retention import Known
from bertcl_tui.rows import TrialRow, TrialState
from bertcl_tui.widgets.trials_table import TrialsTable


class Host(App[None]):
    def __init__(self, marked: frozenset[int]) -> None:
        super().__init__()
        self.marked = marked
        self.told = 0

    def compose(self) -> ComposeResult:
        yield TrialsTable(self.marked)

    def on_trials_table_marked(self) -> None:
        self.told += 1


def _trial(number: int, state: TrialState = "complete", **more: object) -> TrialRow:
    values: dict[str, object] = {
        "run_id": number + 1,
        "number": number,
        "label": None,
        "state": state,
        "desired": "running",
        "reason": None,
        "p": 1.4,
        "p_o": 0.8,
        "p_s": 0.6,
        "learning_rates": (1e-6, 1e-5, 1e-4),
        "step": 10,
        "steps": 20,
        "rate": None,
        "tokens_rate": None,
        "busy_seconds": 1.0,
    }
    return TrialRow(**(values | more))  # type: ignore[arg-type]


@asynccontextmanager
async def table_of(
    *numbers: int, marked: frozenset[int] = frozenset()
) -> AsyncIterator[tuple[Pilot[None], TrialsTable, Host]]:
    app = Host(marked)
    async with app.run_test(size=(90, 12)) as pilot:
        table = app.query_one(TrialsTable)
        table.show_trials(tuple(map(_trial, numbers)), {})
        table.focus()
        await pilot.pause()
        yield pilot, table, app


@pytest.mark.action("trials", "mark")
async def test_space_marks_and_unmarks() -> None:
    async with table_of(7, 3, 5) as (pilot, table, app):
        await pilot.press("j", "space")
        assert table.marked == {3}
        await pilot.press("j", "space")
        assert table.marked == {3, 5}
        await pilot.press("space")
        assert table.marked == {3}
        await pilot.pause()
        assert app.told == 3


@pytest.mark.action("trials", "mark_range")
async def test_a_range_is_marked_at_once() -> None:
    async with table_of(7, 3, 5, 9) as (pilot, table, _):
        await pilot.press("v", "j", "j")
        assert [item.mark for item in table.items] == ["ranged", "ranged", "ranged", ""]
        assert table.marked == frozenset()
        await pilot.press("space")
        assert table.marked == {7, 3, 5}
        assert not table.ranging


@pytest.mark.action("trials", "mark_range")
async def test_a_range_goes_up_too_and_v_ends_it() -> None:
    async with table_of(7, 3, 5, 9) as (pilot, table, _):
        await pilot.press("G", "v", "k")
        assert [item.mark for item in table.items] == ["", "", "ranged", "ranged"]
        await pilot.press("v")
        assert table.marked == frozenset()
        assert [item.mark for item in table.items] == ["", "", "", ""]


async def test_a_marked_range_is_unmarked() -> None:
    async with table_of(7, 3, 5, marked=frozenset({7, 3, 99})) as (pilot, table, _):
        await pilot.press("v", "j", "space")
        assert table.marked == {99}


@pytest.mark.action("trials", "extend_down", "extend_up")
async def test_shift_stretches_a_range() -> None:
    async with table_of(7, 3, 5, 9) as (pilot, table, _):
        await pilot.press("shift+down", "shift+down", "shift+up", "space")
        assert table.marked == {7, 3}
        await pilot.press("G", "K", "J", "K", "space")
        assert table.marked == {7, 3, 5, 9}


@pytest.mark.action("trials", "mark_all")
async def test_all_then_none() -> None:
    async with table_of(7, 3, 5, marked=frozenset({99})) as (pilot, table, _):
        await pilot.press("a")
        assert table.marked == {7, 3, 5, 99}
        await pilot.press("a")
        assert table.marked == {99}


@pytest.mark.action("trials", "invert_marks")
async def test_invert() -> None:
    async with table_of(7, 3, 5, marked=frozenset({3, 99})) as (pilot, table, _):
        await pilot.press("i")
        assert table.marked == {7, 5, 99}


@pytest.mark.action("trials", "clear_marks")
async def test_no_marks_any_more() -> None:
    async with table_of(7, 3, 5, marked=frozenset({3, 99})) as (pilot, table, _):
        await pilot.press("u")
        assert table.marked == frozenset()


async def test_a_range_whose_beginning_is_gone_ends() -> None:
    async with table_of(7, 3, 5) as (pilot, table, _):
        await pilot.press("v", "j")
        table.show_trials((_trial(3), _trial(5)), {})
        assert not table.ranging


async def test_marking_nothing_in_an_empty_table() -> None:
    async with table_of() as (pilot, table, _):
        await pilot.press("space", "v", "a", "i", "J")
        assert table.marked == frozenset()


async def test_what_a_line_says() -> None:
    async with table_of(marked=frozenset({7})) as (pilot, table, _):
        running = _trial(9, "running", p=None, p_o=None, p_s=None)
        failed = _trial(8, "failed", p=None, p_o=None, p_s=None, reason="out of memory")
        table.show_trials((running, _trial(7, label="flat 1e-5"), failed), {9: Known(0.71, 0.62)})
        await pilot.pause()
        lines = [table.render_line(y).text.split() for y in range(4)]
        assert lines[0] == ["◉", "#", "p▼", "p_o", "p_s", "lrs", "state"]
        assert lines[1] == ["9", "–", "0.710", "0.620", "▃▅▆", "▶", "running", "50%"]
        assert lines[2][:5] == ["◉", "7", "1.400", "0.800", "0.600"]
        assert lines[2][-4:] == ["✓", "complete", "flat", "1e-5"]
        assert lines[3][-5:] == ["✗", "failed", "out", "of", "memory"]
