"""The table of rows: what it draws, what it keeps, and how one moves in it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct
from rich.segment import Segment
from rich.text import Text
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from bertcl_tui.style.looks import Looks
from bertcl_tui.widgets.column import Column
from bertcl_tui.widgets.row_table import RowTable


class Fruit(Struct, frozen=True):
    name: str
    price: int = 0


class Fruits(RowTable[Fruit]):
    COLUMNS = (
        Column(key="owed", label="!", width=1),
        Column(key="name", label="fruit", width=8, stretch=True),
        Column(key="price", label="price", width=5, align="right"),
        Column(key="origin", label="origin", width=8, since=60, chosen_width=30),
    )

    def __init__(self) -> None:
        super().__init__()
        self.composed: list[str] = []

    def key(self, item: Fruit) -> str:
        return item.name

    def columns(self, width: int) -> Sequence[Column]:
        """Say that one is owed where one is."""
        owed = any(item.price < 0 for item in self.items)
        return [column for column in super().columns(width) if owed or column.key != "owed"]

    def cells(self, item: Fruit, looks: Looks) -> dict[str, Text]:
        self.composed.append(item.name)
        return {
            "owed": Text("!" if item.price < 0 else ""),
            "name": Text(item.name),
            "price": Text(str(item.price), style="green"),
            "origin": Text("here"),
        }


class Stall(App[None]):
    CSS = "Fruits { height: 6; &:ansi > .row-table--cursor { text-style: reverse; } }"

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield Fruits()

    def on_row_table_moved(self) -> None:
        current = self.query_one(Fruits).current
        self.told.append(f"at {current and current.name}")

    def on_row_table_opened(self) -> None:
        self.told.append("opened")

    def on_row_table_header_pressed(self, message: RowTable.HeaderPressed) -> None:
        self.told.append(f"header {message.column}")


@asynccontextmanager
async def stall(width: int = 40) -> AsyncIterator[tuple[Pilot[None], Fruits, Stall]]:
    app = Stall()
    async with app.run_test(size=(width, 10)) as pilot:
        table = app.query_one(Fruits)
        table.focus()
        await pilot.pause()
        yield pilot, table, app


def _fruits(*names: str) -> list[Fruit]:
    return [Fruit(name) for name in names]


def _lines(table: Fruits) -> list[str]:
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


async def test_draws_header_and_rows() -> None:
    async with stall() as (pilot, table, _):
        table.show([Fruit("apple", 3), Fruit("pear", 12)])
        await pilot.pause()
        header, apple, pear, *_ = _lines(table)
        assert header.split() == ["fruit", "price"]
        assert apple.split() == ["apple", "3"]
        assert pear.split() == ["pear", "12"]
        assert apple.index("3") == pear.index("2")


async def test_a_wide_table_shows_more_columns() -> None:
    async with stall(width=70) as (pilot, table, _):
        table.show(_fruits("apple"))
        await pilot.pause()
        assert _lines(table)[0].split() == ["fruit", "price", "origin"]


async def test_composes_only_what_changed() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits("apple", "pear", "plum"))
        await pilot.pause()
        table.composed.clear()
        table.show([Fruit("apple"), Fruit("pear", 5), Fruit("plum")])
        await pilot.pause()
        assert table.composed == ["pear"]


async def test_lines_stand_under_the_header_where_columns_come_and_go() -> None:
    async with stall(width=70) as (pilot, table, _):
        fruits = [Fruit("apple"), Fruit("pear"), Fruit("plum", -1)]
        table.show(fruits)
        await pilot.pause()
        assert "!" in _lines(table)[0]
        table.show([*fruits[:2], Fruit("fig")])
        await pilot.pause()
        header, *lines = _lines(table)[:4]
        assert "!" not in header
        assert {line.index("here") for line in lines} == {header.index("origin")}


async def test_composes_only_what_can_be_seen() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits(*(f"fruit {number}" for number in range(500))))
        await pilot.pause()
        assert len(set(table.composed)) <= 6


async def test_the_cursor_stays_on_its_item() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits("apple", "pear", "plum"))
        table.cursor = 1
        await pilot.pause()
        table.show(_fruits("fig", "apple", "plum", "pear"))
        await pilot.pause()
        assert table.cursor == 3
        assert table.current == Fruit("pear")


async def test_an_item_that_is_gone_leaves_the_cursor_where_it_was() -> None:
    async with stall() as (pilot, table, app):
        table.show(_fruits("apple", "pear", "plum"))
        table.cursor = 2
        await pilot.pause()
        app.told.clear()
        table.show(_fruits("apple", "pear"))
        await pilot.pause()
        assert table.current == Fruit("pear")
        assert app.told[-1] == "at pear"


async def test_an_update_says_nothing_while_the_cursor_keeps_its_item() -> None:
    async with stall() as (pilot, table, app):
        table.show(_fruits("apple", "pear"))
        await pilot.pause()
        app.told.clear()
        table.show([Fruit("fig"), Fruit("apple", 7), Fruit("pear")])
        await pilot.pause()
        assert app.told == []


async def test_what_is_seen_stays_while_rows_come_in_above() -> None:
    async with stall() as (pilot, table, _):
        names = [f"fruit {number}" for number in range(50)]
        table.show(_fruits(*names))
        table.cursor = 30
        await pilot.pause()
        before = _lines(table)[1:]
        table.show(_fruits("new 1", "new 2", *names))
        await pilot.pause()
        assert _lines(table)[1:] == before


async def test_moves_by_keys() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits(*(f"fruit {number}" for number in range(50))))
        await pilot.pause()
        places = []
        for key in ("j", "down", "k", "up", "up", "pagedown", "ctrl+f", "ctrl+b", "G", "end", "g"):
            await pilot.press(key)
            places.append(table.cursor)
        assert places == [1, 2, 1, 0, 0, 5, 10, 5, 49, 49, 0]


async def test_the_cursor_is_kept_in_view() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits(*(f"fruit {number}" for number in range(50))))
        await pilot.pause()
        await pilot.press("G")
        await pilot.pause()
        assert "fruit 49" in _lines(table)[-1]
        await pilot.press("g")
        await pilot.pause()
        assert "fruit 0" in _lines(table)[1]


async def test_the_cursor_is_in_sight_though_it_moves_before_the_table_knows_that_it_scrolls() -> (
    None
):
    async with stall() as (pilot, table, _):
        table.show(_fruits(*"abcdefghij"))
        table.cursor = 5
        await pilot.pause()
        assert table.seen[0] <= table.cursor < table.seen[1]


async def test_opens_by_key_and_by_a_second_click() -> None:
    async with stall() as (pilot, table, app):
        table.show(_fruits("apple", "pear"))
        await pilot.press("enter")
        assert app.told.pop() == "opened"
        await pilot.click(Fruits, offset=(3, 2))
        assert table.current == Fruit("pear")
        await pilot.click(Fruits, offset=(3, 2), times=2)
        assert app.told[-1] == "opened"


async def test_an_empty_table_opens_nothing() -> None:
    async with stall() as (pilot, table, app):
        await pilot.press("enter", "j", "G")
        assert table.current is None
        assert "opened" not in app.told


async def test_a_click_on_a_header_names_its_column() -> None:
    async with stall() as (pilot, table, app):
        table.show(_fruits("apple"))
        await pilot.pause()
        await pilot.click(Fruits, offset=(2, 0))
        await pilot.click(Fruits, offset=(table.size.width - 4, 0))
        assert [told for told in app.told if told.startswith("header")] == [
            "header name",
            "header price",
        ]


async def test_a_click_below_the_rows_moves_nothing() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits("apple", "pear"))
        await pilot.click(Fruits, offset=(3, 5))
        assert table.cursor == 0


async def test_another_theme_is_drawn_at_once() -> None:
    async with stall() as (pilot, table, app):
        table.show(_fruits("apple"))
        await pilot.pause()
        table.composed.clear()
        app.theme = "textual-light"
        await pilot.pause()
        await pilot.pause()
        assert table.composed == ["apple"]


async def test_a_long_text_is_cut() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits("a very long name of a fruit that nobody has ever seen"))
        await pilot.pause()
        line = _lines(table)[1]
        assert "…" in line
        assert line.split()[-1] == "0"


async def test_a_chosen_column_is_as_wide_as_it_must_be_and_no_scrap_of_it_is_drawn() -> None:
    async with stall(width=24) as (pilot, table, _):
        table.show(_fruits("apple"))
        table.choose(["name", "price", "origin"])
        await pilot.pause()
        assert _lines(table)[1].split() == ["apple", "0"]  # here begins at the right edge
        assert _lines(table)[0].split() == ["fruit", "price", "›"]
        table.reveal_columns({"origin"})
        await pilot.pause()
        assert table.scroll_x == 8 + 2 + 5 + 2
        assert _lines(table)[1].split() == ["here"]
        table.reveal_columns({"name"})  # what is in sight moves nothing
        await pilot.pause()
        assert table.scroll_x == 8 + 2 + 5 + 2


async def test_a_column_that_is_revealed_is_seen_to_its_end() -> None:
    async with stall(width=36) as (pilot, table, _):
        table.show([Fruit("apple", 34567)])
        table.choose(["origin", "price", "name"])
        await pilot.pause()
        table.reveal_columns({"price"})
        await pilot.pause()
        header, apple, *_ = _lines(table)
        assert "price" in header
        assert "34567" in apple.split()


async def test_a_narrow_header_keeps_its_arrow() -> None:
    async with stall() as (pilot, table, _):
        table.show(_fruits("apple"))
        table.show_order("price", descending=True)
        await pilot.pause()
        assert _lines(table)[0].split() == ["fruit", "pric▼"]
        table.show_order("name", descending=False)
        assert _lines(table)[0].split() == ["fruit▲", "price"]


def test_a_name_of_wide_letters_is_cut_in_its_middle_too() -> None:
    column = Column(key="name", label="name", width=16, cut="middle")
    fitted = column.fitted(Text("情感" * 20 + "完"), 16)
    assert fitted.cell_len == 16
    assert fitted.plain.startswith("情感")
    assert fitted.plain.rstrip().endswith("感完")


async def test_the_cursors_line_is_of_one_colour_in_the_terminals_own_colours() -> None:
    async with stall() as (pilot, table, app):
        app.theme = "ansi-dark"
        table.show(_fruits("apple", "pear"))
        await pilot.pause()
        at_cursor, below = ({_colour(part) for part in table.render_line(y)} for y in (1, 2))
        assert len(at_cursor) == 1
        assert len(below) > 1


def _colour(part: Segment) -> str | None:
    style = part.style
    return None if style is None or style.color is None else style.color.name
