"""Marking trials: one, a range, all, the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from bertcl_tui.charts.forgetting import Known
from bertcl_tui.store.trial_rows import TrialRow, TrialState
from bertcl_tui.study.trials_table import TrialsTable


class Host(App[None]):
    def __init__(self, marked: frozenset[int]) -> None:
        super().__init__()
        self.marked = marked
        self.told = 0
        self.unread: list[tuple[int, int]] = []

    def compose(self) -> ComposeResult:
        yield TrialsTable(dict.fromkeys(self.marked, True))

    @on(TrialsTable.Marked)
    def _marked(self) -> None:
        self.told += 1

    def on_trials_table_unread(self, message: TrialsTable.Unread) -> None:
        self.unread.append(message.lines)


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
        table.show_trials(numbers, tuple(map(_trial, numbers)), {})
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
async def test_no_marks_any_more_and_all_of_them_again() -> None:
    async with table_of(7, 3, 5, marked=frozenset({3, 99})) as (pilot, table, _):
        await pilot.press("u")
        assert table.marked == frozenset()
        await pilot.press("u")
        assert table.marked == {3, 99}
        await pilot.press("u", "space", "u", "u")
        assert table.marked == {7}


async def test_a_range_whose_beginning_is_gone_ends() -> None:
    async with table_of(7, 3, 5) as (pilot, table, _):
        await pilot.press("v", "j")
        table.show_trials((3, 5), (_trial(3), _trial(5)), {})
        assert not table.ranging


async def test_marking_nothing_in_an_empty_table() -> None:
    async with table_of() as (pilot, table, _):
        await pilot.press("space", "v", "a", "i", "J")
        assert table.marked == frozenset()


async def test_what_a_line_says() -> None:
    async with table_of(marked=frozenset({7})) as (pilot, table, _):
        running = _trial(9, "running", p=None, p_o=None, p_s=None)
        failed = _trial(8, "failed", p=None, p_o=None, p_s=None, reason="out of memory")
        rows = (running, _trial(7, label="flat 1e-5"), failed)
        table.show_trials((9, 7, 8), rows, {9: Known(0.71, 0.62, 0.77, -0.06, 0.06)})
        await pilot.pause()
        lines = [table.render_line(y).text.split() for y in range(4)]
        assert lines[0][:8] == ["◉", "#", "p", "before", "p_o", "forgot", "p_s", "lrs"]
        assert lines[1] == [
            "9",
            "–",
            "0.770",
            "0.710",
            "0.060",
            "0.620",
            "▁▅█",
            "▶",
            "running",
            "50%",
        ]
        assert lines[2][:7] == ["◉", "7", "1.400", "–", "0.800", "–", "0.600"]
        assert lines[2][-4:] == ["✓", "complete", "flat", "1e-5"]
        assert lines[3][-5:] == ["✗", "failed", "out", "of", "memory"]


def _text(table: TrialsTable, line: int) -> str:
    return table.render_line(line).text


MANY = 100_000


async def test_a_long_list_asks_for_what_comes_into_view() -> None:
    async with table_of() as (pilot, table, app):
        table.show_trials(range(MANY), tuple(map(_trial, range(60))), {})
        await pilot.pause()
        assert app.unread == []
        await pilot.press("G")
        await pilot.pause()
        assert table.cursor == MANY - 1
        assert app.unread[-1] == (MANY - 11, MANY)
        assert _text(table, 11).split() == [str(MANY - 1)]
        table.add([_trial(number) for number in range(MANY - 11, MANY)])
        assert "1.400" in _text(table, 11)


async def test_the_wheel_asks_too_and_leaves_the_cursor() -> None:
    async with table_of() as (pilot, table, app):
        table.show_trials(range(MANY), tuple(map(_trial, range(12))), {})
        await pilot.pause()
        table.scroll_to(y=50_000, animate=False)
        await pilot.pause()
        assert app.unread[-1] == (50_000, 50_011)
        assert table.cursor == 0


async def test_marks_reach_what_was_never_read() -> None:
    async with table_of() as (pilot, table, _):
        table.show_trials(range(MANY), (), {})
        await pilot.press("a")
        assert table.marked == frozenset(range(MANY))
        await pilot.press("u", "j", "v", "G", "space")
        assert table.marked == frozenset(range(1, MANY))
        await pilot.press("i")
        assert table.marked == {0}


async def test_the_cursor_keeps_its_trial_while_others_come_and_its_line_when_told() -> None:
    async with table_of() as (pilot, table, _):
        table.show_trials(range(MANY), (), {})
        table.cursor = 70_000
        await pilot.pause()
        table.show_trials([MANY + 1, MANY, *range(MANY)], (), {})
        assert (table.cursor, table.current and table.current.number) == (70_002, 70_000)
        table.show_trials(range(MANY, -1, -1), (), {}, stay=True)
        assert (table.cursor, table.current and table.current.number) == (70_002, 29_998)


async def test_chosen_columns_stand_in_their_order() -> None:
    async with table_of(7) as (pilot, table, _):
        table.show_trials((7,), (_trial(7, seed=3),), {}, ("embeddings", "layer 1", "head"))
        table.choose(["seed", "lr2", "gone", "p"])
        await pilot.pause()
        assert _text(table, 0).split() == ["◉", "seed", "lr2", "p"]
        assert _text(table, 1).split() == ["3", "1e-4", "1.400"]
        table.choose([])
        await pilot.pause()
        assert "lrs" in _text(table, 0)


@pytest.mark.action("table", "columns_left", "columns_right")
async def test_columns_without_room_are_gone_to() -> None:
    async with table_of(7) as (pilot, table, _):
        table.choose(["number", "reason", "created", "started", "ended", "seed", "attempts"])
        await pilot.pause()
        assert _text(table, 0).rstrip()[-1] == "›"
        await pilot.press("greater_than_sign")
        await pilot.pause()
        assert _text(table, 0)[0] == "‹"
        assert "lost" in _text(table, 0)
        await pilot.press("less_than_sign")
        await pilot.pause()
        assert _text(table, 0).split()[1] == "#"


async def test_a_note_says_how_a_trial_is_called_and_why_it_ended() -> None:
    async with table_of(3) as (pilot, table, _):
        ended = _trial(3, "collapsed", label="baseline", reason="p fell")
        table.show_trials((3,), (ended,), {})
        await pilot.pause()
        header, line = (table.render_line(y).text for y in (0, 1))
        assert header.split()[-1] == "note"
        assert "baseline · p fell" in line
