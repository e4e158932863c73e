"""Long lists, their order, their columns, and copies of them."""

import csv
import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList

from bertcl_tui.app.app import BertclApp
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.kit.listing import ColumnsScreen, SortingScreen
from bertcl_tui.settings import Settings, read_settings
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import Order
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.study.trials_table import TrialsTable
from engine.spec import SearchSettings, StudySpec
from engine.store.connection import open_store
from engine.store.run_states import create_run
from engine.store.studies import create_study
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import DONE, LIVE, PAUSED


async def _home(pilot: Pilot[None]) -> StudiesTable:
    table = pilot.app.screen_stack[0].query_one(StudiesTable)
    await until(pilot, lambda: table.items)
    return table


async def _enter(pilot: Pilot[None]) -> TrialsTable:
    await _home(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
    table = pilot.app.screen.query_one(TrialsTable)
    await until(pilot, lambda: table.items)
    return table


def _numbers(table: TrialsTable) -> list[int]:
    return [line.number for line in table.items]


_CHOSEN = ["◉", "#", "p▼", "p_o", "forgot", "p_s", "lrs", "state", "note", "lost"]


def _header(table: TrialsTable | StudiesTable) -> list[str]:
    return table.render_line(0).text.split()


async def _line(pilot: Pilot[None], begin: str) -> None:
    """Go to the line of a list that begins so."""
    choice = pilot.app.screen.query_one(OptionList)
    texts = [str(choice.get_option_at_index(n).prompt) for n in range(choice.option_count)]
    choice.highlighted = next(n for n, text in enumerate(texts) if text[2:].startswith(begin))
    await pilot.pause()


# long lists


@pytest.fixture
def long_store(tmp_path: Path) -> Path:
    """Return a store with one study of 300 trials that are not begun."""
    path = tmp_path / "long.db"
    store = open_store(str(path))
    spec = StudySpec(
        name="a:b",
        sequence=("a", "b"),
        data="hub",
        model="m",
        search=SearchSettings(trials=300),
    )
    study = create_study(store, spec, desired="paused")
    for number in range(300):
        create_run(store, spec.trial(number, (1e-5, 1e-5)), study_id=study, number=number)
    store.close()
    return path


async def test_every_trial_of_a_long_study_is_reached(open_app: OpenApp, long_store: Path) -> None:
    async with open_app(long_store, size=(80, 24)) as pilot:
        table = await _enter(pilot)
        assert len(table.items) == 300
        await pilot.press("G")
        await until(pilot, lambda: table.current and table.current.trial)
        assert table.current is not None
        assert table.current.number == 299
        assert "queued" in table.render_line(table.size.height - 1).text
        await pilot.press("g")
        table.scroll_to(y=150, animate=False)
        await until(pilot, lambda: "queued" in table.render_line(5).text)
        assert "300" in str(pilot.app.screen.query_one("#trials").border_title)


# order


@pytest.mark.action("study", "choose_sort")
async def test_any_column_is_chosen_to_sort_by_and_on_top_one_stays_on_top(
    open_app: OpenApp, reader: Reader
) -> None:
    rates = {
        row.number: row.learning_rates[2]
        for row in reader.trials(1).rows
        if row.state != "collapsed"
    }
    async with open_app(size=(80, 24)) as pilot:
        table = await _enter(pilot)
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "complete"
        await pilot.press("enter")
        await until(pilot, lambda: _numbers(table)[:1] == [10])
        await pilot.press("O")
        await until(pilot, lambda: _numbers(table)[-1:] == [10])
        assert table.cursor == 0
        await pilot.press("O", "escape")
        await until(pilot, lambda: len(table.items) == len(rates))

        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, SortingScreen))
        await _line(pilot, "lr2")
        await pilot.press("enter")
        falling = sorted((n for n in rates if n != 30), key=lambda n: (-rates[n], n))
        await until(pilot, lambda: _numbers(table)[1:] == falling)
        assert "by lr2 ▼" in str(pilot.app.screen.query_one("#trials").border_title)
        await pilot.press("b", "k", "j", "enter")
        await until(pilot, lambda: _numbers(table)[1] == falling[-1])


@pytest.mark.action("studies", "sort", "reverse", "choose_sort", "copy_lines")
async def test_studies_are_sorted_and_copied(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        table = await _home(pilot)
        await pilot.press("j", "y")
        header, line = (text.split("\t") for text in pilot.app.clipboard.splitlines())
        assert dict(zip(header, line, strict=True))["study"] == DONE
        await pilot.press("o")
        assert [study.name for study in table.items] == [DONE, PAUSED, LIVE]
        assert _header(table)[0] == "state▲"
        await pilot.press("O")
        assert [study.name for study in table.items] == [LIVE, PAUSED, DONE]
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, SortingScreen))
        await _line(pilot, "best p")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        assert [study.name for study in table.items] == [DONE, LIVE, PAUSED]
        assert "by best p ▼" in str(table.border_title)
        name = table.render_line(0).text.index("study") + 1
        await pilot.click(StudiesTable, offset=(name + 2, 1))
        await until(pilot, lambda: [study.name for study in table.items] == [PAUSED, LIVE, DONE])


async def test_columns_none_of_which_sorts_leave_the_order_and_name_the_key_that_has_all(
    open_app: OpenApp,
) -> None:
    settings = Settings(columns={"trials": ("rates",)}, keys={"choose_sort": "f7"})
    async with open_app(size=(80, 24), settings=settings) as pilot:
        table = await _enter(pilot)
        before = _numbers(table)
        await pilot.press("o")
        (notice,) = pilot.app._notifications
        assert notice.message == "No column that is shown sorts; f7 offers all."
        assert _numbers(table) == before


@pytest.mark.app
async def test_an_order_is_remembered_but_one_by_what_not_every_study_has(
    store: Path, tmp_path: Path
) -> None:
    kept, size = tmp_path / "config.toml", (120, 24)
    app = BertclApp(str(store), settings_path=kept)
    async with app.run_test(size=size) as pilot:
        usual = [study.name for study in (await _home(pilot)).items]
        table = await _enter(pilot)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, SortingScreen))
        await _line(pilot, "p_s")
        await pilot.press("enter")
        await until(pilot, lambda: "p_s▼" in _header(table))
        first = _numbers(table)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, StudiesScreen))
        table = await _enter(pilot)
        assert ("p_s▼" in _header(table), _numbers(table)) == (True, first)
        await until(pilot, kept.exists)
    settings = read_settings(kept)
    app = BertclApp(str(store), settings=settings)
    async with app.run_test(size=size) as pilot:
        table = await _enter(pilot)
        assert ("p_s▼" in _header(table), _numbers(table)) == (True, first)
    orders = {"trials": Order("lr7", descending=False), "studies": Order("age", descending=True)}
    app = BertclApp(str(store), settings=replace(settings, orders=orders))
    async with app.run_test(size=size) as pilot:
        home = await _home(pilot)
        assert [study.name for study in home.items] == usual
        assert "p▼" in _header(await _enter(pilot))


# columns


@pytest.mark.action("study", "choose_columns")
@pytest.mark.action("columns", "toggle_column", "go_down", "go_up", "move_down", "move_up", "back")
@pytest.mark.app
async def test_columns_are_chosen_and_remembered(store: Path, tmp_path: Path) -> None:
    kept = tmp_path / "config.toml"
    app = BertclApp(str(store), settings_path=kept)
    async with app.run_test(size=(200, 24)) as pilot:
        table = await _enter(pilot)
        await pilot.press("t", "space", "escape")
        assert _header(table)[1] == "#"
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, ColumnsScreen))
        await pilot.press("j", "J", "J", "K", "k", "space")
        await _line(pilot, "lost")
        await pilot.press("space", "enter")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen))
        assert _header(table) == _CHOSEN
        await until(pilot, kept.exists)
    chosen = ("number", "p", "p_o", "forgetting", "p_s", "rates", "state", "note", "attempts")
    assert read_settings(kept).columns["trials"] == chosen
    app = BertclApp(str(store), settings=read_settings(kept), settings_path=kept)
    async with app.run_test(size=(200, 24)) as pilot:
        table = await _enter(pilot)
        assert _header(table) == _CHOSEN


@pytest.mark.action("columns", "usual_columns")
@pytest.mark.action("studies", "choose_columns")
@pytest.mark.app
async def test_the_usual_columns_come_back_and_one_that_is_none_is_left_out(
    store: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "config.toml"
    of_trials = ("p", "colour", "lr7")
    settings = Settings(columns={"studies": ("name", "created"), "trials": of_trials})
    app = BertclApp(str(store), settings=settings, settings_path=kept)
    async with app.run_test(size=(120, 40)) as pilot:
        table = await _home(pilot)
        assert _header(table) == ["study", "created▲"]
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, ColumnsScreen))
        await pilot.press("r")
        await until(pilot, lambda: "state" in _header(table))
        await until(pilot, kept.exists)
        assert read_settings(kept).columns == {"trials": of_trials}

        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, StudiesScreen))
        trials = await _enter(pilot)
        assert _header(trials) == ["◉", "p▼", "lr7"]
        assert [notice.message for notice in app._notifications] == [
            "There is no column colour; choose others with t."
        ]


# copies


@pytest.mark.action("study", "copy_lines", "export_trials")
async def test_what_fits_or_is_marked_is_copied_with_every_digit_and_written(
    open_app: OpenApp, reader: Reader, tmp_path: Path
) -> None:
    first, second = reader.chosen_trials(1, [10, 6])
    async with open_app(size=(80, 24)) as pilot:
        table = await _enter(pilot)
        await pilot.press("slash")
        pilot.app.screen.query_one(Input).value = "state:complete"
        await pilot.press("enter")
        await until(pilot, lambda: len(table.items) == 24)
        await _export(pilot, tmp_path / "all.csv")
        with (tmp_path / "all.csv").open(newline="") as file:
            assert [int(line["number"]) for line in csv.DictReader(file)] == _numbers(table)
        await pilot.press("g", "y")
        await until(pilot, lambda: pilot.app.clipboard)
        header, line = (text.split("\t") for text in pilot.app.clipboard.splitlines())
        told = dict(zip(header, line, strict=True))
        assert (told["number"], float(told["p"])) == ("10", first.p)
        assert float(told["lr3"]) == first.learning_rates[3]
        await pilot.press("space", "j", "space", "y")
        await until(pilot, lambda: len(pilot.app.clipboard.splitlines()) == 3)
        assert pilot.app.clipboard.splitlines()[2].startswith(f"6\t{second.p}")
        await _export(pilot, tmp_path / "marked.json")
        told = json.loads((tmp_path / "marked.json").read_text())
        assert [trial["number"] for trial in told] == [10, 6]


async def _export(pilot: Pilot[None], out: Path) -> None:
    await pilot.press("E")
    await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
    entry = pilot.app.screen.query_one(Input)
    entry.value = str(out.with_suffix(".pdf"))
    await pilot.pause()
    assert "ends in none of" in str(pilot.app.screen.query_one("#remark").render())
    entry.value = str(out)
    pilot.app.screen.query_one("#go", Button).press()
    await until(pilot, out.exists)
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))


# the filter's line


async def test_a_filter_is_completed_and_earlier_ones_come_back(open_app: OpenApp) -> None:
    async with open_app(size=(80, 24)) as pilot:
        table = await _enter(pilot)
        entry = pilot.app.screen.query_one(Input)
        await pilot.press("slash", *"sta", "tab", *"coll", "tab")
        assert entry.value == "state:collapsed"
        await until(pilot, lambda: _numbers(table) == [8, 16])
        await pilot.press("enter", "escape", "slash", "up")
        assert entry.value == "state:collapsed"
        await pilot.press("down")
        assert entry.value == ""
        await pilot.press(*"lr")
        assert "lr0..lr7" in str(pilot.app.screen.query_one("#hint").render())

        # a finished word that is wrong is told before what can follow
        entry.value = "p>much"
        await pilot.press("end", "space")
        assert "compares p with no number" in str(pilot.app.screen.query_one("#wrong").render())
        assert not pilot.app.screen.query_one("#hint").display
