"""A study is shown as it stood when any of its trials had ended."""

from pathlib import Path

import pytest
from sqlalchemy import select
from textual.pilot import Pilot

from bertcl_tui.kit.messages import OpenStudy
from bertcl_tui.store.reader import Reader
from bertcl_tui.store.trial_rows import Ending
from bertcl_tui.study.look import Look, Question, look_at_study
from bertcl_tui.study.past import LATEST, past_of
from bertcl_tui.study.screen import StudyScreen
from bertcl_tui.study.time_line import TimeLine
from bertcl_tui.widgets.frame import TopBar
from engine.store.connection import open_store
from engine.store.run_states import finish_run
from engine.store.runs import Scores
from engine.store.schema import run
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.recorded import RUNNING, WORKER

LIVE_ID = 1
COMPLETE_BY_10 = {0, 1, 2, 3, 4, 5, 6, 9}
"""Of the first ten trials, 7 was pruned and 8 collapsed."""


def _ended(store: Path, number: int) -> float:
    query = select(run.c.finished_at).where(run.c.study_id == LIVE_ID, run.c.number == number)
    with open_store(str(store)).reading() as connection:
        return float(connection.execute(query).scalar_one())


def _look(reader: Reader, moment: float | None, cursor: int | None = None) -> Look:
    look = look_at_study(reader, Question(study_id=LIVE_ID, until=moment, cursor=cursor), None)
    assert look is not None
    return look


def test_all_that_is_shown_is_what_had_ended_by_then(reader: Reader, store: Path) -> None:
    look, now = _look(reader, _ended(store, 9), cursor=10), _look(reader, None)
    assert look.study.counts == {"complete": 8, "pruned": 1, "collapsed": 1}
    assert set(look.numbers) == {*COMPLETE_BY_10, 7}
    assert {trial.number for trial in look.scored} == COMPLETE_BY_10
    assert look.begun == ()
    assert look.cursor is None, "#10 had not ended"
    best = look.study.best
    assert best is not None
    assert (best.number, best.p) == (look.scored[0].number, look.scored[0].p)
    assert now.study.best is not None
    assert now.study.best.number == 10
    assert look.importance is None
    assert look.past is not None
    assert (look.past.ended, look.past.last, len(look.past.endings)) == (10, 9, 30)


def test_at_the_end_of_its_time_all_that_ended_is_shown(reader: Reader) -> None:
    look, now = _look(reader, LATEST), _look(reader, None)
    assert look.scored == now.scored
    assert look.study.best == now.study.best
    assert set(now.numbers) - set(look.numbers) == {30}, "it runs"
    assert look.importance == now.importance


def test_moments_are_a_studys_beginning_and_each_ending_once() -> None:
    endings = [Ending(10.0, 0), Ending(20.0, 1), Ending(20.0, 2), Ending(30.0, 3)]
    past = past_of(20.0, begun=15.0, end=40.0, endings=endings)
    assert past.moments == (9.0, 10.0, 20.0, 30.0)
    assert (past.place, past.ended, past.last) == (2, 3, 2)
    before = past_of(9.0, begun=15.0, end=40.0, endings=endings)
    assert (before.place, before.ended, before.last) == (0, 0, None)


def _top(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(TopBar).render_line(0).text


def _replays(pilot: Pilot[None], ended: int) -> bool:
    return f"replay · {ended} of 30 trials" in _top(pilot)


async def _enter(pilot: Pilot[None]) -> StudyScreen:
    pilot.app.post_message(OpenStudy(LIVE_ID))
    await until(pilot, lambda: isinstance(pilot.app.screen, StudyScreen))
    screen = pilot.app.screen
    assert isinstance(screen, StudyScreen)
    await until(pilot, lambda: screen.query_one("TrialsTable").items)  # type: ignore[attr-defined]
    return screen


def _numbers(screen: StudyScreen) -> list[int]:
    return [item.number for item in screen._trials.table.items]


@pytest.mark.action("study", "replay")
@pytest.mark.action(
    "replay", "step_on", "step_back", "leap_on", "leap_back", "first_moment", "last_moment"
)
@pytest.mark.action("replay", "trial_above", "trial_below")
async def test_to_and_fro_in_the_time_of_a_study(open_app: OpenApp) -> None:
    async with open_app(size=(80, 24)) as pilot:
        screen = await _enter(pilot)
        await pilot.press("T")
        await until(pilot, lambda: _replays(pilot, 30))
        assert 30 not in _numbers(screen)
        await pilot.press("left")
        await until(pilot, lambda: _replays(pilot, 29))
        assert 29 not in _numbers(screen)
        await until(pilot, lambda: screen._trials.table.current.number == 28)  # type: ignore[union-attr]
        await pilot.press("shift+left", "shift+left")
        await until(pilot, lambda: _replays(pilot, 9))
        await pilot.press("right", "right", "H", "L")
        await until(pilot, lambda: _replays(pilot, 11))
        await until(pilot, lambda: screen._trials.table.current.number == 10)  # type: ignore[union-attr]
        place = screen._trials.table.cursor
        await pilot.press("down", "down")
        await until(pilot, lambda: screen._trials.table.cursor == place + 2)
        await pilot.press("up")
        await until(pilot, lambda: screen._trials.table.cursor == place + 1)
        await pilot.press("home")
        await until(pilot, lambda: _replays(pilot, 0))
        assert _numbers(screen) == []
        await pilot.press("end")
        await until(pilot, lambda: _replays(pilot, 30))
        await pilot.press("1", "escape")  # a large chart, and back to the time line
        assert screen.query_one(TimeLine).has_focus
        await pilot.press("escape")
        await until(pilot, lambda: 30 in _numbers(screen) and "replay" not in _top(pilot))
        assert screen._trials.table.has_focus
        assert not screen.query_one(TimeLine).display


@pytest.mark.action("replay", "play", "faster", "slower")
async def test_it_plays_to_the_end_and_stops(open_app: OpenApp) -> None:
    async with open_app(size=(80, 24)) as pilot:
        screen = await _enter(pilot)
        await pilot.press("T")
        await until(pilot, lambda: _replays(pilot, 30))
        line = screen.query_one(TimeLine)
        await pilot.press("minus")
        assert "2 trials a second" in str(line.border_subtitle)
        await pilot.press("plus", "plus", "plus", "left", "left")
        await until(pilot, lambda: _replays(pilot, 28))
        await pilot.press("space")
        await until(pilot, lambda: _replays(pilot, 30) and not line.plays)
        await pilot.press("space")  # from the beginning
        await until(pilot, lambda: 0 < screen._look.past.ended < 30)  # type: ignore[union-attr]
        assert line.plays
        await pilot.press("space")
        assert not line.plays


async def test_what_ends_meanwhile_is_shown_where_one_is_at_the_end(
    open_app: OpenApp, store: Path
) -> None:
    async with open_app(size=(80, 24)) as pilot:
        screen = await _enter(pilot)
        await pilot.press("T")
        await until(pilot, lambda: _replays(pilot, 30))
        scores = Scores(p_o=0.75, p_s=0.66)
        finish_run(open_store(str(store)), RUNNING, WORKER, state="complete", scores=scores)
        await until(pilot, lambda: "replay · 31 of 31 trials" in _top(pilot))
        assert 30 in _numbers(screen)
