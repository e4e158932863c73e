"""The table of actions: each has a handler, a key of its own, and a test."""

import ast
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
from textual.binding import Binding

from bertcl_tui.actions import ACTIONS, Action, Place, actions_of, bindings_of
from bertcl_tui.actions.action import PLACES
from bertcl_tui.app.app import BertclApp
from bertcl_tui.arena.grid import ArenaGrid
from bertcl_tui.arena.new_table import NewTableScreen
from bertcl_tui.arena.screen import ArenaScreen
from bertcl_tui.combine.mixture_list import MixtureList
from bertcl_tui.combine.screen import CombineScreen
from bertcl_tui.compare.screen import CompareScreen
from bertcl_tui.compare.table import ComparisonTable
from bertcl_tui.help.screen import HelpScreen
from bertcl_tui.kit.dialogs import ConfirmScreen, LeaveScreen
from bertcl_tui.kit.listing import ColumnsScreen
from bertcl_tui.new_study.screen import NewStudyScreen
from bertcl_tui.settings.screen import SettingsScreen
from bertcl_tui.shifts.forms import ShiftList
from bertcl_tui.shifts.screen import ShiftsScreen
from bertcl_tui.studies.screen import StudiesScreen
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.panels.parallel import ParallelChart
from bertcl_tui.study.panels.plane import PlaneChart
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.study.time_line import TimeLine
from bertcl_tui.study.trials_table import TrialsTable
from bertcl_tui.trial.classes_panel import ClassesPanel
from bertcl_tui.trial.screen import TrialScreen
from bertcl_tui.trial.text import TextPanel
from bertcl_tui.watch.screen import WatchScreen
from bertcl_tui.widgets.chart import CurveChart
from bertcl_tui.widgets.filter_bar import FilterBar
from bertcl_tui.widgets.row_table import RowTable
from bertcl_tui.workers.log_table import LogTable
from bertcl_tui.workers.screen import WorkersScreen
from bertcl_tui.workers.table import WorkersTable

HANDLED_BY: dict[Place, tuple[type, ...]] = {
    "app": (BertclApp,),
    "table": (RowTable,),
    "list": (MixtureList, ShiftList),
    "trials": (TrialsTable,),
    "studies": (StudiesScreen,),
    "studies-table": (StudiesTable,),
    "study": (StudyScreen,),
    "curves": (CurveChart,),
    "plane": (PlaneChart,),
    "replay": (TimeLine,),
    "parallel": (ParallelChart,),
    "compare": (CompareScreen,),
    "comparison": (ComparisonTable,),
    "trial": (TrialScreen,),
    "text": (TextPanel,),
    "classes": (ClassesPanel,),
    "combine": (CombineScreen,),
    "arena": (ArenaScreen,),
    "grid": (ArenaGrid,),
    "shifts": (ShiftsScreen,),
    "work": (WorkersScreen,),
    "workers": (WorkersTable,),
    "log": (LogTable,),
    "new-study": (NewStudyScreen,),
    "new-table": (NewTableScreen,),
    "settings": (SettingsScreen,),
    "watch": (WatchScreen,),
    "columns": (ColumnsScreen,),
    "filter": (FilterBar,),
    "dialog": (ConfirmScreen, LeaveScreen, HelpScreen),
}
PLACED = [(action, place) for action in ACTIONS for place in action.places]


def _name(value: object) -> str | None:
    return value.handler if isinstance(value, Action) else None


@pytest.mark.parametrize(("action", "place"), PLACED, ids=_name)
def test_every_action_has_a_handler(action: Action, place: Place) -> None:
    name = action.handler.partition("(")[0]
    for handler in HANDLED_BY[place]:
        assert callable(getattr(handler, f"action_{name}", None)), (handler, name)


@pytest.mark.parametrize("place", HANDLED_BY)
def test_no_key_does_two_things_in_a_place(place: Place) -> None:
    keys = chain.from_iterable(action.keys.split(",") for action in actions_of(place))
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_every_place_has_a_name_for_people() -> None:
    assert {place for _, place in PLACED} <= PLACES.keys()


@pytest.mark.parametrize("place", HANDLED_BY)
def test_bindings_come_from_the_table(place: Place) -> None:
    bound = {binding.action for binding in Binding.make_bindings(bindings_of(place))}
    assert bound == {action.handler for action in actions_of(place)}


@pytest.mark.parametrize("action", ACTIONS, ids=_name)
def test_every_action_is_told_in_a_sentence(action: Action) -> None:
    assert action.help.endswith(".")
    assert action.help[0].isupper()
    assert 0 < len(action.text) <= 14


def test_every_action_is_shown_by_a_test() -> None:
    assert {(place, action.handler) for action, place in PLACED} - _shown_by_tests() == set()


def _shown_by_tests() -> set[tuple[str, str]]:
    """Read what the tests of the terminal are marked with."""
    shown = set()
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.action":
                place, *handlers = map(ast.literal_eval, node.args)
                shown |= {(place, handler) for handler in handlers}
    return shown
