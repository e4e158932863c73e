"""The app as a whole: first frame, errors, leaving, help, palette, themes, pictures."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from textual.command import CommandList, CommandPalette
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input, Label

from bertcl_tui.app.app import BertclApp
from bertcl_tui.app.pictures import free_path, picture_name
from bertcl_tui.help.screen import HelpScreen
from bertcl_tui.kit.dialogs import LeaveScreen
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.trial.screen import TrialScreen
from bertcl_tui.widgets.frame import TopBar
from engine.store.connection import open_store
from engine.store.runs import entries
from engine.store.states import ENDED
from engine.store.studies import find_study
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import LIVE, empty_store

HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "optuna",
    "sqlalchemy",
    "numpy",
    "plotext",
    "numpy",
    "psutil",
    "engine.spec",
)

FIRST_FRAME_AND_USE = """
import asyncio, sys
from bertcl_tui.app.app import BertclApp

store, at_first, ever = sys.argv[1:]

def loaded(names):
    return sorted(name for name in names.split() if name in sys.modules)

class Opened(BertclApp):
    painted = None

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        if self.painted is None and screen.query("KeyBar") and screen.size.width:
            self.painted = loaded(at_first)

async def main():
    app = Opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        from tests.bertcl_tui.waiting import until

        await until(pilot, lambda: app.screen.query_one("StudiesTable").items)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("TrialsTable"))
        await until(pilot, lambda: app.screen.query_one("TrialsTable").items)
        await pilot.press("escape", "p")
        table = app.screen.query_one("StudiesTable")
        await until(pilot, lambda: table.items[0].desired == "paused")
    print(*app.painted, "painted", *loaded(ever), "used")

asyncio.run(main())
"""


@pytest.mark.process
def test_the_first_frame_needs_nothing_heavy_and_the_app_nothing_that_trains(store: Path) -> None:
    ever = ("torch", "transformers", "datasets", "optuna", "sqlalchemy.orm", "scipy")
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME_AND_USE, str(store), " ".join(HEAVY), " ".join(ever)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.strip() == "painted used"


async def _ready(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one(StudiesTable).items)


def _desired(store: Path) -> str:
    return find_study(open_store(str(store)), LIVE).desired


@pytest.mark.app
async def test_what_is_no_store_ends_the_app_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all, this is no database, but it is long enough for a header.")
    app = BertclApp(str(path))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 2


@pytest.mark.action("app", "quit")
async def test_q_leaves_at_once_where_nothing_runs(open_app: OpenApp, tmp_path: Path) -> None:
    async with open_app(empty_store(tmp_path / "empty.db")) as pilot:
        await until(pilot, lambda: pilot.app.screen.has_class("-empty"))
        await pilot.press("q")
        await until(pilot, lambda: not pilot.app.is_running)
    assert pilot.app.return_code == 0


@pytest.mark.parametrize(("key", "desired"), [("l", "running"), ("s", "stopped")])
async def test_q_asks_what_becomes_of_running_work(
    open_app: OpenApp, store: Path, key: str, desired: str
) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveScreen))
        await pilot.press(key)
        await until(pilot, lambda: not pilot.app.is_running)
    assert _desired(store) == desired


async def test_q_asks_about_runs_of_the_arena_too(open_app: OpenApp, arena_store: Path) -> None:
    async with open_app(arena_store) as pilot:
        await _ready(pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveScreen))
        assert "1 study and 2 runs at work" in str(
            pilot.app.screen.query_one("#question", Label).render()
        )
        await pilot.press("p")
        await until(pilot, lambda: not pilot.app.is_running)
    assert _desired(arena_store) == "paused"
    runs = [item.run for item in entries(open_store(str(arena_store)))]
    assert {run.desired for run in runs if run.state not in ENDED} == {"paused"}


async def test_one_may_stay_or_answer_by_a_key_and_is_told_which_rows_nobody_will_ask_for(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveScreen))
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        answers: list[str | None] = []
        for key in "lqps":
            await pilot.app.push_screen(
                LeaveScreen([LIVE], 2, ("tuned LLRD", "combined")), answers.append
            )
            told = str(pilot.app.screen.query_one("#awaited", Label).render())
            assert "tuned LLRD, combined wait for searches" in told
            assert "n in the arena asks" in told
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, StudiesScreen))
        assert answers == ["running", "running", "paused", "stopped"]
    assert _desired(store) == "running"


@pytest.mark.action("app", "show_help")
async def test_help_begins_with_the_place_it_was_asked_in_and_is_searched(
    open_app: OpenApp,
) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        await until(pilot, lambda: pilot.app.screen.focused)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        text = pilot.app.screen.query_one("#help Static")
        await until(pilot, lambda: text.size.height)
        lines = [strip.text for strip in text.render_lines(Region(0, 0, *text.size))]
        titles = [line.strip() for line in lines]
        assert titles.index("Trials table") < titles.index("Studies")
        assert sum("range, filter, then the screen" in line for line in titles) == 1
        assert "Any list" not in titles

        entry = pilot.app.screen.query_one(Input)
        await pilot.press("slash")
        assert entry.has_focus
        entry.value = "sunk"
        await until(pilot, lambda: "Nothing about" in str(text.render()))
        await pilot.press("escape")
        await until(pilot, lambda: "Nothing about" not in str(text.render()))
        await pilot.press("slash")
        entry.value = "shifted second"
        await until(pilot, lambda: text.size.height < 6)
        assert "p_o, p_s" in pilot.app.export_screenshot().replace("&#160;", " ")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))


@pytest.mark.action("app", "command_palette")
async def test_the_palette_runs_an_action(open_app: OpenApp, store: Path) -> None:
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
        await pilot.press(*"pause")
        await until(pilot, lambda: _offered(pilot) == 1)
        await pilot.press("down", "enter")
        await until(pilot, lambda: _desired(store) == "paused")


async def test_the_palette_goes_to_any_study_and_there_to_its_trials(open_app: OpenApp) -> None:
    async with open_app(size=(80, 24)) as pilot:
        await _ready(pilot)
        await _ask(pilot, "trial 9")  # no study is looked at
        await until(pilot, lambda: "No&#160;matches" in pilot.app.export_screenshot())
        await pilot.press("escape")
        await _ask(pilot, "study sst2")
        await _take(pilot)
        await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
        await until(pilot, lambda: "sst2:mrpc" in pilot.app.screen.query_one(TopBar).path)
        await _ask(pilot, "trial 9")
        await _take(pilot)
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialScreen))
        await until(pilot, lambda: pilot.app.screen.query_one(TopBar).path[-1:] == ("#9",))


async def _ask(pilot: Pilot[None], words: str) -> None:
    """Paste these words into the palette."""
    await pilot.press("colon")
    await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
    pilot.app.screen.query_one(Input).value = words


async def _take(pilot: Pilot[None]) -> None:
    """Take the first that the palette offers."""
    await until(pilot, lambda: _offered(pilot))
    await pilot.press("down", "enter")


def _offered(pilot: Pilot[None]) -> int:
    """Return how many commands the palette offers; that there are none is an option of it, too."""
    options = pilot.app.screen.query_one(CommandList).options
    return sum(not option.disabled for option in options)


@pytest.mark.action("app", "save_screenshot")
async def test_a_picture_of_the_screen(
    open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app() as pilot:
        await _ready(pilot)
        await pilot.press("f12")
        await until(pilot, lambda: list(tmp_path.glob("pictures/studies-*.svg")))
        (picture,) = tmp_path.glob("pictures/*.svg")
        await until(
            pilot, lambda: any(str(picture) in note.message for note in pilot.app._notifications)
        )
    assert "rotten-tomatoes" in picture.read_text(encoding="utf-8")


def test_no_picture_takes_the_place_of_another(tmp_path: Path) -> None:
    moment = datetime(2022, 7, 18, 9, 30, 5)
    for _ in range(3):
        free_path(tmp_path, "arena", moment).touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "arena-2022-07-18-093005-2.svg",
        "arena-2022-07-18-093005-3.svg",
        "arena-2022-07-18-093005.svg",
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("Studies",), "studies"),
        (("Studies", "sst2:mrpc", "#10"), "sst2-mrpc-10"),
        (("Studies", "../etc/päss"), "etc-p-ss"),
        (("Studies", "::"), "screen"),
    ],
)
def test_a_picture_is_called_as_the_screen_that_it_is_of(path: tuple[str, ...], name: str) -> None:
    assert picture_name(path) == name


async def test_themes_of_every_kind_draw_one_screen_after_another(open_app: OpenApp) -> None:
    themes = (("bertcl-light", "ansi-dark"), ("nord", "ansi-light", "bertcl-dark"), ("nord",))
    async with open_app() as pilot:
        await _ready(pilot)
        keys = (("", StudiesScreen), ("enter", StudyScreen), ("f1", HelpScreen))
        for (key, screen), some in zip(keys, themes, strict=True):
            await pilot.press(*filter(None, [key]))
            await until(pilot, lambda screen=screen: isinstance(pilot.app.screen, screen))  # type: ignore[misc]
            for theme in some:
                pilot.app.theme = theme
                await pilot.pause()
                word = "Help" if screen is HelpScreen else "rotten-tomatoes"
                assert word in pilot.app.export_screenshot()


async def test_a_lock_on_the_store_is_told_and_survived(open_app: OpenApp, store: Path) -> None:
    async with open_app() as pilot:
        await _ready(pilot)
        path = store.with_name("gone.db")
        store.rename(path)
        await pilot.press("p")
        await until(pilot, lambda: pilot.app._notifications)
        assert any("no store at" in note.message for note in pilot.app._notifications)
        path.rename(store)
