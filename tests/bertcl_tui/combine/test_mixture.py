"""A mixture says which trials go in; what comes out goes to another depth, a file, a comparison."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from bertcl_tui.combine.drawing import facts_of_combined
from bertcl_tui.combine.mixture import (
    HIGHEST_BASE,
    LOWEST_BASE,
    Mixture,
    Reference,
    at_depth,
    default_path,
    export_profile,
    known_profiles,
    load_reference,
    marks,
    read_mixture,
)
from bertcl_tui.store.reader import Reader
from engine.arena.offers import finished_profile
from engine.errors import UsageError
from engine.profiles import (
    Backbone,
    Combined,
    ScoredTrial,
    StudyTrials,
    bootstrap_band,
    combine,
    make_grouping,
    published_profile,
    read_profile,
    transfer,
)
from engine.store.connection import open_store
from engine.store.runs import trials_of
from tests.recorded import copy_of, recorded_store

LIVE, DONE, PAUSED = 1, 2, 3


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_store(tmp_path_factory.mktemp("recorded") / "studies.db")


def read(store: Path, marked: dict[int, frozenset[int]]) -> Mixture:
    reader = Reader(str(store))
    mixture = read_mixture(reader, marked)
    reader.close()
    return mixture


def test_marked_trials_go_in_and_only_they(store: Path) -> None:
    combined = read(store, {LIVE: frozenset({1, 2, 9})}).combined()
    assert {trial.number for trial in combined.studies[0].trials} == {1, 2, 9}
    assert combined.base == 1.8


def test_nothing_marked_is_every_complete_trial(store: Path) -> None:
    opened = open_store(str(store))
    complete = {t.number for t in trials_of(opened, LIVE) if t.state == "complete"}
    opened.close()
    combined = read(store, {LIVE: frozenset()}).combined()
    assert {trial.number for trial in combined.studies[0].trials} == complete
    assert combined.left_out == ()


def test_rates_are_those_of_the_engine(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1, 2, 9})}).turned(0.7)
    offer = mixture.sources[0].offer
    assert offer is not None
    chosen = tuple(trial for trial in offer.trials if trial.number in {1, 2, 9})
    of_engine = combine([replace(offer, trials=chosen)], 2.5)
    assert mixture.combined().learning_rates == of_engine.learning_rates


def test_a_collapsed_trial_is_left_out_with_its_reason(store: Path) -> None:
    (left_out,) = read(store, {LIVE: frozenset({1, 8})}).combined().left_out
    assert (left_out.number, left_out.reason) == (8, "collapsed")


def test_the_first_study_says_what_the_others_must_be_like(store: Path) -> None:
    marked = {LIVE: frozenset({1}), DONE: frozenset({1})}
    assert [r.study for r in read(store, marked).combined().refusals] == ["sst2:mrpc"]
    turned_round = dict(reversed(marked.items()))
    refusals = read(store, turned_round).combined().refusals
    assert [r.study for r in refusals] == ["rotten-tomatoes:privacy-qa"]


def test_a_study_goes_out_and_comes_back_as_it_was_marked(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1, 2}), DONE: frozenset({1})})
    out = mixture.with_study_toggled(LIVE)
    assert [study.study for study in out.combined().studies] == ["sst2:mrpc"]
    assert out.with_study_toggled(LIVE) == mixture


def test_a_trial_goes_in_and_out(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1, 2})})
    assert mixture.with_trial_toggled(LIVE, 9).taken[LIVE] == {1, 2, 9}
    assert mixture.with_trial_toggled(LIVE, 2).taken[LIVE] == {1}
    assert mixture.with_trial_toggled(LIVE, 2).with_trial_toggled(LIVE, 2) == mixture


def test_the_base_turns_between_its_stops(store: Path) -> None:
    mixture = read(store, {LIVE: frozenset({1})})
    assert mixture.turned(0.1).base == 1.9
    assert mixture.turned(-10).base == LOWEST_BASE
    assert mixture.turned(10).base == HIGHEST_BASE


def test_nothing_to_combine_is_said(store: Path) -> None:
    for mixture in (read(store, {}), read(store, {PAUSED: frozenset()})):
        with pytest.raises(UsageError, match="nothing to combine"):
            mixture.combined()


def test_a_study_of_unknown_depth_says_so(store: Path, tmp_path: Path) -> None:
    copy = copy_of(store, tmp_path)
    opened = open_store(str(copy))
    with opened.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE cl_study SET spec = replace(spec, 'bert-base-uncased', 'nobody/has-this') "
            f"WHERE id = {DONE}"
        )
    opened.close()
    (source,) = read(copy, {DONE: frozenset()}).sources
    assert source.offer is None
    assert source.trouble is not None
    assert "nobody/has-this" in source.trouble


def test_a_deleted_study_is_gone(store: Path) -> None:
    assert read(store, {99: frozenset({1})}).sources == ()


TRIALS = (
    ScoredTrial(0, 1.40, "complete", (1e-6, 2e-6, 4e-6, 8e-6, 1e-4)),
    ScoredTrial(1, 1.35, "complete", (4e-6, 2e-6, 1e-6, 2e-6, 4e-4)),
    ScoredTrial(2, 1.30, "complete", (2e-5, 2e-6, 3e-6, 5e-6, 1e-3)),
)


@pytest.fixture
def combined() -> Combined:
    study = StudyTrials(
        study="a:b",
        sequence="a:b",
        backbone=Backbone("small", 3),
        grouping=make_grouping("paper", 3),
        protocol=None,
        trials=TRIALS,
    )
    return combine([study], 1.8)


def test_another_depth_is_the_transfer_of_the_profile(combined: Combined) -> None:
    target = Backbone("large", 7)
    moved = at_depth(combined, target)
    transferred = transfer(finished_profile(combined, "x"), target)
    assert moved.grouping == transferred.grouping
    assert moved.learning_rates == pytest.approx(transferred.learning_rates, rel=1e-12)
    assert finished_profile(combined, "x", target).learning_rates == transferred.learning_rates


def test_the_band_comes_along(combined: Combined) -> None:
    same = bootstrap_band(at_depth(combined, Backbone("same", 3)))
    assert same.low == pytest.approx(bootstrap_band(combined).low, rel=1e-12)
    moved = at_depth(combined, Backbone("large", 7))
    band = bootstrap_band(moved)
    assert len(band.low) == moved.grouping.n_choices
    for low, rate, high in zip(band.low, moved.learning_rates, band.high, strict=True):
        assert low <= rate <= high


def test_an_exported_profile_can_be_read_again(combined: Combined, tmp_path: Path) -> None:
    profile = finished_profile(combined, "mine", Backbone("large", 7))
    path = export_profile(profile, tmp_path / "profiles" / "mine.json")
    assert path == tmp_path / "profiles" / "mine.json"
    assert read_profile(path) == profile
    assert profile.name == "mine"
    assert profile.created is not None
    assert [file.name for file in path.parent.iterdir()] == ["mine.json"]


def test_a_place_that_cannot_be_is_said(combined: Combined, tmp_path: Path) -> None:
    profile = finished_profile(combined, "mine")
    with pytest.raises(UsageError, match="cannot make folder"):
        export_profile(profile, tmp_path / "no" / "such" / "mine.json")
    assert list(tmp_path.iterdir()) == []


def test_a_profile_is_named_after_what_it_came_from(combined: Combined) -> None:
    assert default_path(combined) == Path("profiles/a-b-b1.8.json")
    assert default_path(combined, Backbone("x", 6)) == Path("profiles/a-b-b1.8-6-layers.json")


@pytest.mark.parametrize("name", ["[/lab] [b]", ":heart:"])
def test_names_of_models_and_profiles_stand_as_they_are_written(
    combined: Combined, name: str
) -> None:
    named = replace(combined, backbone=replace(combined.backbone, name=name))
    reference = Reference(name, finished_profile(named, name))
    console = Console(width=200)
    with console.capture() as shown:
        console.print(facts_of_combined(named, reference), emoji=False)
    assert shown.get().count(name) == 3


def test_the_published_profile_stands_beside_any_depth(combined: Combined) -> None:
    reference = load_reference("published")
    assert reference is not None
    rates = marks(reference, combined)
    published = published_profile()
    expected = transfer(published, combined.backbone, combined.grouping)
    assert rates == expected.learning_rates
    assert len(rates) == combined.grouping.n_choices


def test_any_profile_can_be_compared_with(
    combined: Combined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = finished_profile(combined, "mine")
    export_profile(profile, Path("profiles/mine.json"))
    assert known_profiles() == ("published", "nothing", str(Path("profiles/mine.json")))
    reference = load_reference("profiles/mine.json")
    assert reference is not None
    assert marks(reference, combined) == pytest.approx(combined.learning_rates, rel=1e-12)
    assert load_reference("nothing") is None
    with pytest.raises(UsageError, match="cannot read profile"):
        load_reference("profiles/other.json")
