"""Every screen as a picture, small and usual; the moment and the data stand still.

Those that have more to show where there is more room are seen at a third size, and one light.

``pytest tests/bertcl_tui/snapshots --snapshot-update`` takes them anew; look at them then.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from bertcl_tui.app.app import BertclApp
from bertcl_tui.arena.grid import ArenaGrid
from bertcl_tui.arena.new_table import NewTableScreen
from bertcl_tui.kit import messages
from bertcl_tui.kit.dialogs import LeaveScreen
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.news.events import News
from bertcl_tui.news.rules import Rule
from bertcl_tui.settings import Settings
from bertcl_tui.settings.screen import SettingsScreen
from bertcl_tui.shifts.screen import ShiftsScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.widgets.row_table import RowTable
from bertcl_tui.workers.load_panel import LoadPanel
from bertcl_tui.workers.loads import LoadsChanged
from bertcl_tui.workers.table import WorkersTable
from engine.spec import StudySpec
from engine.store.connection import open_store
from engine.store.remarks import change_marks
from engine.store.studies import create_study
from tests.bertcl_tui.snapshots.frozen import LOOKED_AT, NOW, STUDY, TOLD, remember_loads
from tests.bertcl_tui.waiting import until
from tests.shift_findings import keep_findings

SIZES: Final = ((80, 24), (120, 40), (200, 60))
_QUIET_LOOKS: Final = 3
NEWS: Final = (
    News(
        text="sst2:mrpc: best p 1.541 (#17, 1 seed), p_o 0.884, p_s 0.657",
        kinds=("new-best",),
        at=NOW - 3600,
    ),
    News(
        text="sst2:mrpc lost its worker; it goes on with the next one",
        kinds=("failure",),
        severity="warning",
        at=NOW - 60,
    ),
)
RULES: Final = {
    "night": Rule(
        on=("new-best", "over", "budget=6h"),
        webhook="https://hooks.slack.com/services/T0/B1/secret",
    ),
    "lamp": Rule(
        on=("failure", "stall"), studies=("sst2:*", "arena"), bell=True, command="lamp red"
    ),
    "holidays": Rule(on=("new-best",), active=False, command="mail -s bertcl me", shell=True),
}

Show = Callable[[Pilot[None]], Awaitable[None]]


async def studies(pilot: Pilot[None]) -> None:
    await filled(pilot, StudiesTable)


async def study(pilot: Pilot[None]) -> None:
    await studies(pilot)
    pilot.app.post_message(messages.OpenStudy(STUDY))
    await filled(pilot, TrialsTable)
    await pilot.press("j", "space", "j", "space", "j")


async def curve_read(pilot: Pilot[None]) -> None:
    await study(pilot)
    await pilot.press("1")
    await settled(pilot)
    await pilot.press("left", "left", "left")


async def replay(pilot: Pilot[None]) -> None:
    await study(pilot)
    await pilot.press("T")
    await settled(pilot)
    await pilot.press("shift+left", "left")


async def grouped(pilot: Pilot[None]) -> None:
    await study(pilot)
    await settled(pilot)
    await pilot.press("z", "z")


async def brushed(pilot: Pilot[None]) -> None:
    await study(pilot)
    await pilot.press("5")
    if pilot.app.screen.maximized is None:
        await pilot.press("5")
    await settled(pilot)
    await pilot.press("right", "up", "right_square_bracket")


async def trial(pilot: Pilot[None]) -> None:
    await studies(pilot)
    pilot.app.post_message(messages.OpenRun(TOLD))
    await opened(pilot, "TrialScreen")


async def trial_classes(pilot: Pilot[None]) -> None:
    await studies(pilot)
    pilot.app.post_message(messages.OpenRun(LOOKED_AT))
    await opened(pilot, "TrialScreen")
    await settled(pilot)
    await pilot.press("5")


async def compare(pilot: Pilot[None]) -> None:
    await studies(pilot)
    pilot.app.post_message(messages.OpenCompare(STUDY, (10, 6, 25)))
    await opened(pilot, "CompareScreen")


async def combine(pilot: Pilot[None]) -> None:
    await studies(pilot)
    store = open_store("studies.db")
    change_marks(store, STUDY, on=[10, 6, 25, 22, 8])
    store.close()
    pilot.app.post_message(messages.OpenCombine(STUDY))
    await opened(pilot, "CombineScreen")


async def arena(pilot: Pilot[None]) -> None:
    await studies(pilot)
    pilot.app.post_message(messages.OpenArena())
    await until(pilot, lambda: pilot.app.screen.query(ArenaGrid))


async def new_table(pilot: Pilot[None]) -> None:
    await arena(pilot)
    await settled(pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewTableScreen))


async def work(pilot: Pilot[None]) -> None:
    await studies(pilot)
    await pilot.press("W")
    await filled(pilot, WorkersTable)
    app = pilot.app
    assert isinstance(app, BertclApp)
    remember_loads(app.loads, app.reader.workers())
    app.screen.post_message(LoadsChanged())
    await until(pilot, lambda: app.screen.query_one("#of-machine", LoadPanel).measured)


async def new_study(pilot: Pilot[None]) -> None:
    await studies(pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewStudyScreen))


async def settings(pilot: Pilot[None]) -> None:
    await studies(pilot)
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))


async def watch(pilot: Pilot[None]) -> None:
    await studies(pilot)
    assert isinstance(pilot.app, BertclApp)
    pilot.app.configuration.change(watch=RULES)
    pilot.app.announcer.told.extend(NEWS)
    await pilot.press("f3")
    await opened(pilot, "WatchScreen")
    await pilot.press("j", "j")


async def new_rule(pilot: Pilot[None]) -> None:
    await watch(pilot)
    await pilot.press("enter")
    await opened(pilot, "FormScreen")


async def help_(pilot: Pilot[None]) -> None:
    await study(pilot)
    await pilot.press("question_mark")
    await opened(pilot, "HelpScreen")


async def leave(pilot: Pilot[None]) -> None:
    await studies(pilot)
    await pilot.press("q")
    await until(pilot, lambda: isinstance(pilot.app.screen, LeaveScreen))


SCREENS: Final[dict[str, Show]] = {
    show.__name__.strip("_"): show
    for show in (
        studies,
        study,
        curve_read,
        replay,
        grouped,
        brushed,
        trial,
        trial_classes,
        compare,
        combine,
        arena,
        new_table,
        work,
        new_study,
        settings,
        watch,
        new_rule,
        help_,
        leave,
    )
}

LOOKS: Final = tuple((size, "bertcl-dark") for size in SIZES)
LIGHT: Final = ((120, 40), "bertcl-light")
"""Light changes colours alone, so it is seen where there are most of them."""
FEWER: Final[dict[str, Sequence[tuple[tuple[int, int], str]]]] = {
    "study": (*LOOKS, LIGHT),
    "curve_read": (LOOKS[1],),
    "replay": (LOOKS[0],),
    "grouped": (LOOKS[1],),
    "brushed": (LOOKS[0],),
    "trial_classes": LOOKS[:2],
    "compare": LOOKS[:2],
    "combine": LOOKS[:2],
    "new_table": (LOOKS[0],),
    "settings": LOOKS[:2],
    "watch": LOOKS[:2],
    "new_rule": LOOKS[:2],
    "help": LOOKS[:2],
    "leave": (LOOKS[0],),
}
"""What looks like another screen that is seen at all sizes, or the same with more room around.

And what is seen light too.
"""


def in_words(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


each_size = pytest.mark.parametrize(("size", "theme"), LOOKS[:2], ids=in_words)
each_screen = pytest.mark.parametrize(
    ("screen", "size", "theme"),
    [(screen, *look) for screen in SCREENS for look in FEWER.get(screen, LOOKS)],
    ids=in_words,
)


@each_screen
def test_a_screen_looks_as_it_did(
    snap_compare: Callable[..., bool],
    frozen: str,
    screen: str,
    size: tuple[int, int],
    theme: str,
) -> None:
    app = BertclApp(frozen, clock=lambda: NOW, settings=Settings(theme=theme))
    assert snap_compare(app, terminal_size=size, run_before=shown(SCREENS[screen]))


@each_size
def test_an_empty_store_says_what_to_press(
    snap_compare: Callable[..., bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    theme: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    app = BertclApp(clock=lambda: NOW, settings=Settings(theme=theme))

    async def empty(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.screen.has_class("-empty"))

    assert snap_compare(app, terminal_size=size, run_before=shown(empty))


@each_size
def test_the_shifts_look_as_they_did(
    snap_compare: Callable[..., bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    theme: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTCL_CACHE", str(tmp_path / "cache"))
    question = keep_findings(Path())
    store = open_store("studies.db")
    create_study(
        store,
        StudySpec(
            name="topics", sequence=("topic", "mood"), data=question.data, model=question.model
        ),
    )
    store.close()
    app = BertclApp(clock=lambda: NOW, settings=Settings(theme=theme))

    async def shifts(pilot: Pilot[None]) -> None:
        await studies(pilot)
        await pilot.press("S")
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, ShiftsScreen)
                and app.screen.found is not None
                and app.screen.found.is_whole
            ),
        )

    assert snap_compare(app, terminal_size=size, run_before=shown(shifts))


def shown(show: Show) -> Show:
    async def then_quiet(pilot: Pilot[None]) -> None:
        await show(pilot)
        await settled(pilot)

    return then_quiet


async def opened(pilot: Pilot[None], screen: str) -> None:
    await until(pilot, lambda: type(pilot.app.screen).__name__ == screen)


async def filled(pilot: Pilot[None], table: type[RowTable[Any]]) -> None:
    def has_lines() -> bool:
        found = pilot.app.screen.query(table)
        return bool(found) and bool(found.first().items)

    await until(pilot, has_lines)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is read, drawn or told any more, and no cursor blinks."""
    quiet = 0
    while quiet < _QUIET_LOOKS:
        for entry in pilot.app.screen.query(Input):
            entry.cursor_blink = False
        await pilot.pause()
        busy = [w for w in pilot.app.workers if w.group != "watch" and not w.is_finished]
        quiet = 0 if busy else quiet + 1
