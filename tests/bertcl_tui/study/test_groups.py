"""Which runs of a study are one line: every seed of a profile, all of a method, all of a seed."""

from pathlib import Path

import pytest
from textual.message import Message
from textual.pilot import Pilot

from bertcl_tui.charts.groups import By, Groups
from bertcl_tui.charts.series import Series
from bertcl_tui.kit.messages import OpenCompare, OpenRun, OpenStudy
from bertcl_tui.store.reader import Reader
from bertcl_tui.studies.table import StudiesTable
from bertcl_tui.study.groups import asked_for
from bertcl_tui.study.look import Look, Question, look_at_study
from bertcl_tui.study.panels.forgetting import PANEL, forgetting_of
from bertcl_tui.widgets.chart import Chart
from engine.store.connection import open_store
from engine.store.racing import races_of
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until
from tests.other_seeds import race

SIZE = (120, 40)
RACED, FLAT = 11, 1
"""Runs of trials #10 and #0; the latter is the baseline."""


@pytest.fixture
def raced(store: Path) -> Path:
    race(store, RACED, (0.02, -0.02))
    race(store, FLAT, (0.01,))
    return store


def _look(path: Path, by: By, marked: frozenset[int] = frozenset()) -> Look:
    reader = Reader(str(path))
    question = Question(study_id=1, cursor=10, marked=marked, groups=Groups(by=by))
    look = look_at_study(reader, question, None)
    again = look_at_study(reader, question, look)
    reader.close()
    assert look is not None
    assert again is not None
    assert again.curves == look.curves, "what was complete is not asked again"
    return look


def _names(look: Look) -> list[str]:
    return [_named(line) for line in forgetting_of(look).curves().series]


def _named(line: Series) -> str:
    return f"{line.name} {line.count}"


def test_seeds_of_a_profile_are_one_line_and_so_are_those_of_the_baseline(raced: Path) -> None:
    with open_store(str(raced)).reading() as connection:
        assert {len(races) for races in races_of(connection, 1).values()} == {1, 2}
    look = _look(raced, "profile", frozenset({6}))
    curves = forgetting_of(look).curves()
    assert [_named(line) for line in curves.series] == ["#10 n=3", "#30 n=1", "#6 n=1"]
    alone = forgetting_of(_look(raced, "")).curves().series[0]
    assert curves.series[0].ys == pytest.approx(alone.ys), "they lie as far above as below it"
    assert curves.series[0].high == pytest.approx([y + 0.02 for y in alone.ys])
    assert isinstance(curves.baseline, Series)
    assert _named(curves.baseline) == "flat 5e-6 n=2"
    assert PANEL.title(look).startswith("Mean ± sd by profile ─ Forgetting")
    assert PANEL.subtitle is not None
    assert "faint" not in PANEL.subtitle(look), "the band is none of chance"


def test_methods_are_made_of_all_listed_trials_and_of_the_marked_ones_where_there_are(
    raced: Path,
) -> None:
    look = _look(raced, "method")
    names = _names(look)
    assert names == ["profile n=21 of 26", "flat n=6"]
    assert forgetting_of(look).baseline is None, "it is in a line"
    assert _names(_look(raced, "method", frozenset({10, 0, 1}))) == ["flat n=3", "profile n=3"]


def test_seeds_gather_trials_and_their_races(raced: Path) -> None:
    names = _names(_look(raced, "seed", frozenset({10, 0})))
    assert {"seed 7001 n=2", "seed 7002 n=1"} < set(names)
    assert len(names) == 4, "each of both trials has a seed of its own besides"


def test_by_profile_none_is_asked_for_besides_those_drawn_anyway() -> None:
    assert asked_for("profile", {1}, [3, 2, 1]) == ()
    assert asked_for("method", {2, 1}, [3, 2, 1]) == [1, 2]
    assert asked_for("seed", (), [3, 2, 1]) == [3, 2, 1]
    assert len(asked_for("seed", (), range(1000))) == 200


def _chart(pilot: Pilot[None], name: str) -> tuple[str, str]:
    """Return a chart's title and what is drawn in it; nothing before it is there."""
    found = pilot.app.screen.query(name)
    if not found:
        return "", ""
    chart = found.first(Chart)
    lines = [chart.render_line(y).text for y in range(chart.size.height)]
    return str(chart.border_title), "\n".join(lines)


async def _open(pilot: Pilot[None], message: Message) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one(StudiesTable).items)
    pilot.app.post_message(message)


@pytest.mark.action("study", "group_curves", "turn_spread")
@pytest.mark.usefixtures("raced")
async def test_z_goes_round_in_a_study(open_app: OpenApp) -> None:
    async with open_app(size=SIZE) as pilot:
        await _open(pilot, OpenStudy(1))
        await until(pilot, lambda: "running #30" in _chart(pilot, "#forgetting")[1])
        await pilot.press("j")
        await until(pilot, lambda: "#10 0.754" in _chart(pilot, "#forgetting")[1])
        await pilot.press("z")
        await until(pilot, lambda: "#10 0.754 ±0.020 n=3" in _chart(pilot, "#forgetting")[1])
        assert "Mean ± sd by profile" in _chart(pilot, "#forgetting")[0]
        await pilot.press("Z")
        await until(pilot, lambda: "Mean, min–max by profile" in _chart(pilot, "#forgetting")[0])
        await pilot.press("z")
        await until(pilot, lambda: "n=6" in _chart(pilot, "#forgetting")[1])
        assert "Mean, min–max by method" in _chart(pilot, "#forgetting")[0]
        await pilot.press("z", "z")
        await until(pilot, lambda: "#10 0.754" in _chart(pilot, "#forgetting")[1])
        assert _chart(pilot, "#forgetting")[0].startswith("1 Forgetting")


@pytest.mark.action("compare", "group_curves", "turn_spread")
@pytest.mark.usefixtures("raced")
async def test_z_goes_round_among_compared_trials(open_app: OpenApp) -> None:
    async with open_app(size=SIZE) as pilot:
        await _open(pilot, OpenCompare(1, (10, 6)))
        await until(pilot, lambda: "#10 0.754" in _chart(pilot, "#curves")[1])
        await pilot.press("z")
        await until(pilot, lambda: "#10 0.754 ±0.020 n=3" in _chart(pilot, "#curves")[1])
        assert "flat 5e-6 0.692 ±0.007 n=2" in _chart(pilot, "#curves")[1]
        await pilot.press("Z", "z")
        await until(
            pilot, lambda: "profile 0.746 [0.723, 0.774] n=4" in _chart(pilot, "#curves")[1]
        )
        assert _chart(pilot, "#curves")[0].startswith("Mean, min–max by method")


@pytest.mark.action("trial", "group_curves", "turn_spread")
@pytest.mark.usefixtures("raced")
async def test_z_shows_a_trial_with_all_of_its_seeds(open_app: OpenApp) -> None:
    async with open_app(size=SIZE) as pilot:
        await _open(pilot, OpenRun(RACED))
        await until(pilot, lambda: "0.754" in _chart(pilot, "#learning")[1])
        await pilot.press("z")
        await until(pilot, lambda: "0.754 ±0.020" in _chart(pilot, "#learning")[1])
        assert _chart(pilot, "#learning")[0] == (
            "1 Accuracy, mean ± sd of 3 seeds, on 256 rows, ends on all"
        )
        await pilot.press("Z", "1")
        await until(pilot, lambda: "[0.734, 0.774]" in _chart(pilot, "#learning")[1])
        await pilot.press("z")
        await until(pilot, lambda: "[0.734" not in _chart(pilot, "#learning")[1])


async def test_a_race_is_shown_with_its_trial_and_a_run_of_one_seed_is_told(
    open_app: OpenApp, store: Path
) -> None:
    another, _ = race(store, RACED, (0.0, 0.01))
    async with open_app(size=SIZE) as pilot:
        await _open(pilot, OpenRun(another))
        await until(pilot, lambda: "0.754" in _chart(pilot, "#learning")[1])
        await pilot.press("z")
        await until(pilot, lambda: "of 3 seeds" in _chart(pilot, "#learning")[0])
        await pilot.press("escape")
        await _open(pilot, OpenRun(7))
        await until(pilot, lambda: "0.7" in _chart(pilot, "#learning")[1])
        await pilot.press("z")
        await until(pilot, lambda: len(pilot.app._notifications))
        assert "with one seed alone" in next(iter(pilot.app._notifications)).message
