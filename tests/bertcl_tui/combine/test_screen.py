"""Combine: what is marked, how b turns it, and what becomes of it."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input, Static

from bertcl_tui.charts.axis import rate_label
from bertcl_tui.combine.mixture import read_mixture
from bertcl_tui.combine.mixture_list import BaseDial, MixtureList, Place
from bertcl_tui.combine.screen import BandFound, CombineScreen
from bertcl_tui.kit.dialogs import FormScreen
from bertcl_tui.kit.messages import StartWorkers, Trouble
from bertcl_tui.store.reader import Reader
from bertcl_tui.widgets.chart import Chart
from bertcl_tui.widgets.inputs import FieldRow
from engine.arena.plan import arena_seeds
from engine.arena.recorded import recorded
from engine.profiles import (
    Band,
    Combined,
    bootstrap_band,
    combine,
    make_grouping,
    read_profile,
    transfer_rates,
)
from engine.spec import Protocol, SearchSettings, StudySpec
from engine.store.connection import open_store
from engine.store.run_states import create_run
from engine.store.schema import run
from engine.store.studies import create_study
from tests.bertcl_tui.host import SIZE, Host, settle
from tests.bertcl_tui.waiting import until
from tests.engine.arena.doing import do

LIVE, DONE, PAUSED = 1, 2, 3


@pytest.fixture(scope="module")
def store(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(shutil.copy(recording, tmp_path_factory.mktemp("recorded")))


def host(store: str, marked: dict[int, frozenset[int]]) -> Host:
    return Host(store, lambda reader: CombineScreen(marked, reader))


def screen_of(pilot: Pilot[None]) -> CombineScreen:
    screen = pilot.app.screen
    assert isinstance(screen, CombineScreen)
    return screen


def combined_of(pilot: Pilot[None]) -> Combined:
    combined = screen_of(pilot).combined
    assert combined is not None
    return combined


def drawn(pilot: Pilot[None], chart: str) -> str:
    """Return the lines of a chart as they stand on the screen."""
    widget = screen_of(pilot).query_one(chart, Chart)
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


def listed(pilot: Pilot[None]) -> str:
    """Return the lines of the list as they stand on the screen."""
    widget = screen_of(pilot).query_one(MixtureList)
    return "\n".join(strip.text for strip in widget.render_lines(widget.size.region))


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)


async def answer(pilot: Pilot[None], **texts: str) -> None:
    for name, text in texts.items():
        pilot.app.screen.query_one(f"#{name}", FieldRow).text = text
    pilot.app.screen.query_one(Input).focus()
    await press(pilot, "enter")


def by_engine(store: str, base: float, numbers: set[int]) -> Combined:
    reader = Reader(store)
    offer = read_mixture(reader, {LIVE: frozenset()}).sources[0].offer
    reader.close()
    assert offer is not None
    trials = tuple(trial for trial in offer.trials if trial.number in numbers)
    return combine([replace(offer, trials=trials)], base)


@pytest.mark.action("combine", "turn_down", "turn_up", "reset_base")
@pytest.mark.action("combine", "turn_down_finely", "turn_up_finely")
async def test_turning_b_shows_the_rates_of_the_engine_and_their_band(store: str) -> None:
    chosen = {1, 2, 9, 20}
    async with host(store, {LIVE: frozenset(chosen)}).run_test(size=SIZE) as pilot:
        await settle(pilot)
        base = 1.8
        for keys, base in (
            ([], 1.8),
            (["right", "right"], 2.0),
            (["left"], 1.9),
            (["full_stop", "full_stop", "comma"], 1.91),
            (["shift+right", "shift+left"], 1.91),
            (["0"], 1.8),
        ):
            await press(pilot, *keys)
            expected = by_engine(store, base, chosen)
            assert combined_of(pilot) == expected
            for rate in expected.learning_rates:
                assert rate_label(rate) in drawn(pilot, "#rates")
            dial = str(screen_of(pilot).query_one(BaseDial).render())
            assert f"b = {base:.2f}" in dial
            assert f"effective trials {expected.effective_trials:.1f} of 4" in dial

        await press(pilot, "right", "right", "right")
        band = bootstrap_band(combined_of(pilot))
        for low, high in zip(band.low, band.high, strict=True):
            assert f"[{rate_label(low)}, {rate_label(high)}]" in drawn(pilot, "#rates")

        earlier = combined_of(pilot)
        await press(pilot, "right")
        band = Band((1e-7,) * 8, (9e-4,) * 8)
        screen_of(pilot).post_message(BandFound(combined_of(pilot), band))
        late = BandFound(earlier, bootstrap_band(earlier))
        screen_of(pilot).post_message(late)  # does not take the place of the right one
        await settle(pilot)
        assert drawn(pilot, "#rates").count("[1e-7, 9e-4]") == 8

        left = str(screen_of(pilot).query_one(BaseDial).render()).index("├") + 1
        await pilot.click(BaseDial, offset=(left, 0))
        await settle(pilot)
        assert combined_of(pilot).base == 1.0


@pytest.mark.action("combine", "take", "unfold")
async def test_what_is_left_out_says_why_and_space_takes_studies_and_trials_in_and_out(
    store: str,
) -> None:
    marked = {LIVE: frozenset({1, 2, 7, 8}), DONE: frozenset({1, 2})}
    async with host(store, marked).run_test(size=SIZE) as pilot:
        await settle(pilot)
        said = " ".join(listed(pilot).split())
        assert "2 of 31 trials · ESS 1.8" in said
        assert "! #7 left out: pruned" in said
        assert "! #8 left out: collapsed" in said
        assert "✗ sst2:mrpc ! refused: other backbone" in said
        await press(pilot, "space")
        assert [study.study for study in combined_of(pilot).studies] == ["sst2:mrpc"]
        await press(pilot, "space", "enter", "down")
        place = screen_of(pilot).query_one(MixtureList).place
        assert place is not None
        assert place.number not in {None, 1, 2}
        await press(pilot, "space")
        (study,) = combined_of(pilot).studies
        assert {trial.number for trial in study.trials} == {1, 2, place.number}
        await press(pilot, "enter")
        assert screen_of(pilot).query_one(MixtureList).place == Place(LIVE)
        assert screen_of(pilot).query_one(MixtureList).option_count == 2


async def test_nothing_marked_says_what_to_do(store: str) -> None:
    async with host(store, {}).run_test(size=SIZE) as pilot:
        await settle(pilot)
        welcome = screen_of(pilot).query_one("#welcome", Static)
        assert welcome.display
        assert "mark its good trials with space" in str(welcome.render())
        for key in "etvc":
            await press(pilot, key)
            if isinstance(pilot.app.screen, FormScreen):
                await press(pilot, "escape")
        screen_of(pilot)


async def test_nothing_complete_says_what_to_do(store: str) -> None:
    async with host(store, {PAUSED: frozenset()}).run_test(size=SIZE) as pilot:
        await settle(pilot)
        sentence = screen_of(pilot).query_one("#sentence", Static)
        assert sentence.display
        assert "nothing to combine" in str(sentence.render())


@pytest.mark.action("combine", "export", "compare")
async def test_export_says_where_it_goes_and_writes_a_profile_that_can_be_compared_with(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = host(store, {LIVE: frozenset({1, 2, 9})})
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "without it" not in listed(pilot), "there is no other study to be left with"
        assert "◆ published" in drawn(pilot, "#rates")
        await press(pilot, "e")
        form = pilot.app.screen
        remark = form.query_one("#remark", Static)
        path = form.query_one("#path", FieldRow)
        path.text = str(tmp_path)
        await settle(pilot)
        assert "is a folder" in str(remark.render())
        await press(pilot, "enter")
        assert pilot.app.screen is form
        (tmp_path / "here.json").write_text("{}")
        path.text = str(tmp_path / "here.json")
        await settle(pilot)
        assert "Replaces" in str(remark.render())
        path.text = str(tmp_path / "there.json")
        await settle(pilot)
        assert "Writes" in str(remark.render())
        await press(pilot, "escape")
        assert app.told == []
        assert (tmp_path / "here.json").read_text() == "{}"

        await press(pilot, "right", "e")
        assert pilot.app.screen.query_one("#path", FieldRow).text == (
            "profiles/rotten-tomatoes-privacy-qa-b1.9.json"
        )
        await press(pilot, "enter")
        expected = combined_of(pilot)
        await press(pilot, "e")
        await answer(pilot, path=str(tmp_path / "mine.json"))
        await press(pilot, "c")
        await answer(pilot, profile=str(tmp_path / "mine.json"))
        assert "◆ mine" in drawn(pilot, "#rates")
        await press(pilot, "c")
        await answer(pilot, profile="nothing")
        assert "◆" not in drawn(pilot, "#rates")
    profile = read_profile(tmp_path / "profiles" / "rotten-tomatoes-privacy-qa-b1.9.json")
    assert profile.learning_rates == expected.learning_rates
    assert profile.combination is not None
    assert profile.combination.base == 1.9
    assert profile.searched_on == ("rotten-tomatoes:privacy-qa",)


@pytest.mark.action("combine", "transfer")
async def test_a_transfer_shows_and_exports_another_depth(store: str, tmp_path: Path) -> None:
    async with host(store, {LIVE: frozenset({1, 2, 9})}).run_test(size=SIZE) as pilot:
        await settle(pilot)
        before = combined_of(pilot)
        await press(pilot, "t")
        await answer(pilot, layers="12")
        after = combined_of(pilot)
        grouping = make_grouping("paper", 12)
        rates = transfer_rates(before.learning_rates, before.grouping, grouping)
        assert after.grouping == grouping
        assert after.learning_rates == rates
        assert "layers 2–3" in drawn(pilot, "#rates")
        await press(pilot, "e")
        await answer(pilot, path=str(tmp_path / "deep.json"))
        await press(pilot, "t")
        await answer(pilot, layers="6")
        assert combined_of(pilot) == before
    profile = read_profile(tmp_path / "deep.json")
    assert profile.name == "deep"
    assert profile.learning_rates == pytest.approx(rates, rel=1e-12)


async def test_an_evaluation_is_checked_as_it_is_typed(store: str) -> None:
    async with host(store, {LIVE: frozenset({1, 2})}).run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "v")
        form = pilot.app.screen
        remark = form.query_one("#remark", Static)
        assert not str(remark.render())
        await press(pilot, "enter")
        assert pilot.app.screen is form
        for texts, said in (
            ({}, "no sequence yet; name two tasks, TASK:TASK"),
            ({"sequence": "boolq"}, "write it like boolq:TASK"),
            ({"sequence": "boolq:sst2"}, "not in data 'sample' but in 'hub'"),
            ({"sequence": "boolq:privacy-qa"}, "Queues 6 runs."),
            ({"baseline": "none"}, "Queues 3 runs."),
            ({"baseline": "2"}, "baseline is 2"),
            ({"baseline": "1e-5", "seeds": "0"}, "seeds is 0"),
            ({"seeds": "1", "sequence": "rotten-tomatoes:privacy-qa"}, "is not unseen"),
        ):
            for name, text in texts.items():
                form.query_one(f"#{name}", FieldRow).text = text
            await settle(pilot)
            assert said in str(remark.render())


@pytest.mark.action("combine", "evaluate")
async def test_an_evaluation_queues_runs_and_what_they_score_fills_in_as_they_end(
    tmp_path: Path, tasks: Path, backbone: Path
) -> None:
    store = tmp_path / "studies.db"
    study = _tiny_study(store, tasks, backbone)
    app = host(str(store), {study: frozenset({0, 1})})
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        await until(pilot, lambda: "not run yet: v runs them" in drawn(pilot, "#scored"))
        await press(pilot, "v")
        await answer(pilot, sequence="topic:agree", seeds="2")
        assert [type(message) for message in app.told] == [StartWorkers], app.told
        rates = combined_of(pilot).learning_rates
        with closing(open_store(str(store))) as opened:
            with opened.reading() as connection:
                rows = connection.execute(
                    run.select().where(run.c.study_id.is_(None)).order_by(run.c.id)
                ).all()
            (arena,) = recorded(opened)
        assert [entrant.method for entrant in arena.entrants] == ["profile", "flat"]
        profile = arena.results.cells[arena.entrants[0].name, ("topic", "agree")]
        assert profile.source.searched_on == ("mood:topic",)
        assert [tuning.study for tuning in profile.source.tuned] == ["mood:topic"]
        assert [(row.sequence, row.method, row.seed, row.state) for row in rows] == [
            ("topic:agree", method, seed, "queued")
            for method in ("profile", "flat")
            for seed in arena_seeds(2)
        ]
        assert json.loads(rows[0].learning_rates) == list(rates)
        assert [row.label for row in rows[2:]] == ["flat 2e-5", "flat 2e-5"]

        screen.follow()
        await until(pilot, lambda: "0 of 2 runs complete" in drawn(pilot, "#scored"))
        with closing(open_store(str(store))) as opened:
            for p_o in (0.75, 0.71, 0.5, 0.5):  # twice the profile, twice flat
                do(opened, ((0.8,), (p_o, 0.8)))
        screen.follow()
        await until(pilot, lambda: "mean of 1 unseen" in drawn(pilot, "#scored"))
        assert "topic:agree" in drawn(pilot, "#scored")
        assert "+0.230" in drawn(pilot, "#scored")
        assert str(screen.query_one("#scored").border_subtitle) == "2 of 2 runs complete"
        await press(pilot, "right")
        await until(pilot, lambda: "not run yet" in drawn(pilot, "#scored"))


async def test_a_store_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    path.write_text("this is no database, and it is long enough to tell" * 20)
    app = host(str(path), {1: frozenset()})
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        (trouble,) = app.told
        assert isinstance(trouble, Trouble)


def _tiny_study(store: Path, tasks: Path, backbone: Path) -> int:
    spec = StudySpec(
        name="mood:topic",
        sequence=("mood", "topic"),
        data=str(tasks),
        model=str(backbone),
        protocol=Protocol(train_rows=16, eval_rows=16),
        search=SearchSettings(trials=2),
        device="cpu",
    )
    opened = open_store(str(store))
    study = create_study(opened, spec)
    for number in range(2):
        rates = (1e-4, 1e-4 * (number + 1), 2e-4, 1e-3)
        created = create_run(opened, spec.trial(number, rates), study_id=study, number=number)
        with opened.writing() as connection:
            connection.execute(
                run.update()
                .where(run.c.id == created)
                .values(state="complete", p=1.2 + number / 10, p_o=0.6, p_s=0.6 + number / 10)
            )
    opened.close()
    return study
